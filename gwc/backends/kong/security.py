"""Phases 5 and 6: the alternatives of each operation, decided by the plugin. Without any, the operation is public."""

from __future__ import annotations

from gwc.backends.kong.fragment import Fragment
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.security import Security
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Alternatives, and the schemes of tokens and of API keys that they name. A scheme that is neither is an error of gwc."""
    tokens, keys = {j.scheme for j in gateway.jwts}, {a.scheme for a in gateway.api_keys}
    return Fragment(operations={o.key: {"security": _security(o.security, tokens, keys)} for o in gateway.operations})


def _security(security: Security, tokens: set[str], keys: set[str]) -> LuaValue:
    unknown = set(security.schemes) - tokens - keys
    if unknown:
        raise ValueError(f"schemes without a control: {sorted(unknown)}")
    return {
        "alternatives": [[{"scheme": r.scheme, "scopes": r.scopes} for r in a] for a in security.alternatives],
        "jwts": [s for s in security.schemes if s in tokens],
        "keys": [s for s in security.schemes if s in keys],
    }
