"""Zones: the plugin finds an address by one lookup for each length of a prefix. The bundled ip-restriction knows no rules."""

from __future__ import annotations

from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The networks of each zone."""
    return Fragment(
        data=(Member("zones", {z.name: {} for z in gateway.zones}, {z.name: z.name for z in gateway.zones}),),
        fillings=tuple(Filling(("zones", z.name), tuple(enumerate(z.networks, 1))) for z in gateway.zones),
    )
