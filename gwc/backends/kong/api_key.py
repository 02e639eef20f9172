"""Phase 5: API keys as a table of digests. The bundled key-auth keeps them in clear text."""

from __future__ import annotations

from collections.abc import Sequence

from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.api_key import KeyDigest
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The place of each scheme's key and its keys by digest."""
    schemes = {a.scheme: {"location": a.location, "name": a.name, "keys": {}} for a in gateway.api_keys}
    return Fragment(
        data=(Member("api_keys", schemes, {s: s for s in schemes}),),
        fillings=tuple(Filling(("api_keys", a.scheme, "keys"), by_digest(a.keys)) for a in gateway.api_keys),
    )


def by_digest(keys: Sequence[KeyDigest]) -> tuple[tuple[str, LuaValue], ...]:
    """The entries of a table of keys, as gwc/runtime/lua/gwc/api_key.lua takes it."""
    return tuple((k.digest, {"consumer": k.consumer, "not_before_s": k.not_before_s, "expires_s": k.expires_s}) for k in keys)
