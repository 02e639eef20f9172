"""Phase 5: API keys as a table of digests. The bundled key-auth keeps them in clear text and takes them from the query."""

from __future__ import annotations

from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.api_key import KeyDigest
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The header of each scheme and its keys by digest."""
    schemes = {a.scheme: {"header": a.header, "keys": {}} for a in gateway.api_keys}
    return Fragment(
        data=(Member("api_keys", schemes, {s: s for s in schemes}),),
        fillings=tuple(Filling(("api_keys", a.scheme, "keys"), tuple((k.digest, _key(k)) for k in a.keys)) for a in gateway.api_keys),
    )


def _key(key: KeyDigest) -> LuaValue:
    return {"consumer": key.consumer, "not_before_s": key.not_before_s, "expires_s": key.expires_s}
