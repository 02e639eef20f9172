"""Phases 5 to 7: roles and limits of consumers. Kong's own consumer entities are not used: the bundled acl and rate-limiting need them."""

from __future__ import annotations

from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.consumer import Consumer
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """Every consumer by its id."""
    entries = tuple((c.id, _described(c)) for c in gateway.consumers)
    return Fragment(
        data=(Member("consumers", {}),),
        fillings=(Filling(("consumers",), entries, {c.id: c.id for c in gateway.consumers}),),
    )


def _described(consumer: Consumer) -> LuaValue:
    limits = [{"id": x.id, "limit": x.limit, "window_s": x.window_s, "burst": x.burst} for x in consumer.limits]
    return {"roles": dict.fromkeys(consumer.roles, True), "limits": limits}
