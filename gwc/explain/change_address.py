"""Changes of where a request comes from: an address in a zone, or one that network rules let through."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from gwc.controls.network_rule import admitted
from gwc.controls.networks import EVERYWHERE, AddressSet, addresses
from gwc.explain.change import Change, setting, with_any
from gwc.explain.change_credentials import rules_of
from gwc.explain.judge import Judged
from gwc.semantics.zone import zones_of


def zones(judged: Judged) -> Iterator[Change]:
    """A call from an address that is in a zone of each rule."""
    wanted = [set(r.zones) for r in rules_of(judged) if r.zones]
    for zone in judged.gateway.zones:
        if not any(zone.name in names for names in wanted):
            continue
        for network in zone.networks:
            address = _example(addresses([network]) & _admitted(judged))
            inside = zones_of(judged.gateway.zones, address) if address else frozenset()
            if address and all(names & inside for names in wanted):
                words = with_any("call from the zone", f" (for example {address})", many="call from one of the zones")
                yield Change("zone", zone.name, words, setting(client=address), 2)
                break


def networks(judged: Judged) -> Iterator[Change]:
    """A call from an address that every network rule lets through, and of a zone of each rule that wants one, where there is such an address."""
    named = {z.name: addresses(z.networks) for z in judged.gateway.zones}
    found = within = _admitted(judged)
    for rule in rules_of(judged):
        outside = EVERYWHERE
        for name in rule.zones:
            outside &= ~named[name]
        within &= ~outside if rule.zones else EVERYWHERE
    address = _example(within or found)
    if address:
        yield Change(
            "client", address, with_any("call from an address such as", many="call from one of the addresses"), setting(client=address), 2
        )


def _admitted(judged: Judged) -> AddressSet:
    """The addresses that the network rules of the operation let through."""
    key = judged.operation.key if judged.operation else ""
    return admitted(tuple(r for r in judged.gateway.network_rules if key in r.operations))


def _example(found: AddressSet) -> str:
    """An address of the first network, which is not the network's own where there is another one; empty for no addresses."""
    if not found:
        return ""
    version, first, last = found.ranges[0]
    family = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return str(family(first + 1 if last - first > 1 else first))
