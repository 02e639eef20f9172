"""Which zones an address is in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from gwc.controls.zone import Zone

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(text: str) -> Address:
    """The address; one of IPv4 that is mapped into IPv6 counts as IPv4."""
    address = ipaddress.ip_address(text)
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def is_in(networks: Iterable[str], address: Address) -> bool:
    """Whether one of the networks has the address."""
    return any(address in ipaddress.ip_network(n) for n in networks)


def zones_of(zones: Sequence[Zone], client: str) -> frozenset[str]:
    """The names of the zones that the address is in."""
    address = address_of(client)
    return frozenset(z.name for z in zones if is_in(z.networks, address))
