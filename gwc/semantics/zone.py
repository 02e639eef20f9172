"""Which zones an address is in."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from gwc.controls.zone import Zone


def zones_of(zones: Sequence[Zone], client: str) -> frozenset[str]:
    """The names of the zones that the address is in."""
    address = ipaddress.ip_address(client)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return frozenset(z.name for z in zones if any(address in ipaddress.ip_network(n) for n in z.networks))
