"""Phase 5: whom the names of client certificates stand for. NGINX verifies the certificate (`listener_tls`), the plugin reads its names.

Kong OSS has no plugin for this: mtls-auth is a part of its enterprise edition.
"""

from __future__ import annotations

from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.mutual_tls import MutualTls
from gwc.ir import Gateway

_TABLES = {"uri": "uris", "dns": "dns_names"}


def emit(gateway: Gateway) -> Fragment:
    """Name -> consumer, for each scheme and kind of name."""
    schemes: dict[str, LuaValue] = {m.scheme: {table: {} for table in _TABLES.values()} for m in gateway.mutual_tls}
    return Fragment(
        data=(Member("mutual_tls", schemes, {s: s for s in schemes}),),
        fillings=tuple(_filling(m, kind) for m in gateway.mutual_tls for kind in _TABLES),
    )


def _filling(control: MutualTls, kind: str) -> Filling:
    names = tuple((n.value, n.consumer) for n in control.names if n.kind == kind)
    return Filling(("mutual_tls", control.scheme, _TABLES[kind]), names)
