"""Phases 5 and 6: the alternatives of each operation, decided by the plugin. Without any, the operation is public."""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.kong.fragment import Fragment
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.security import Security
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Alternatives, and the schemes that they name by kind. A scheme of no kind is an error of gwc."""
    kinds = {
        "jwts": frozenset(c.scheme for c in gateway.jwts),
        "keys": frozenset(c.scheme for c in gateway.api_keys),
        "basics": frozenset(c.scheme for c in gateway.basics),
        "certificates": frozenset(c.scheme for c in gateway.mutual_tls),
    }
    return Fragment(operations={o.key: {"security": _security(o.security, kinds)} for o in gateway.operations})


def _security(security: Security, kinds: Mapping[str, frozenset[str]]) -> LuaValue:
    unknown = set(security.schemes).difference(*kinds.values())
    if unknown:
        raise ValueError(f"schemes without a control: {sorted(unknown)}")
    return {
        "alternatives": [[{"scheme": r.scheme, "scopes": r.scopes} for r in a] for a in security.alternatives],
        **{kind: [s for s in security.schemes if s in schemes] for kind, schemes in kinds.items()},
    }
