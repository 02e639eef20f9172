"""Phase 5: HTTP Basic with generated keys, by the same tables as API keys. The bundled basic-auth takes any password."""

from __future__ import annotations

from gwc.backends.kong.api_key import by_digest
from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The keys of each scheme by digest."""
    schemes: dict[str, LuaValue] = {b.scheme: {"keys": {}} for b in gateway.basics}
    return Fragment(
        data=(Member("basics", schemes, {s: s for s in schemes}),),
        fillings=tuple(Filling(("basics", b.scheme, "keys"), by_digest(b.keys)) for b in gateway.basics),
    )
