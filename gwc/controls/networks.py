"""Sets of addresses: how they are written in a policy, and what of them is inside of what."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LAST = {4: 2**32 - 1, 6: 2**128 - 1}
MAPPED_PREFIX = 96
"""`::ffff:0:0/96`: addresses of IPv4 that are written as ones of IPv6."""


def _network(text: str) -> str:
    try:
        found = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not a network: {error} (for example 10.20.0.0/16 or 2001:db8::/32)") from None
    if "%" in text:
        raise ValueError(f"not a network: {text!r} has a scope, which means something on one machine only")
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= MAPPED_PREFIX and found.network_address.ipv4_mapped is not None:
        raise ValueError("an IPv4 network is written as one: 10.0.0.0/8, not ::ffff:10.0.0.0/104")
    return text


CidrText = Annotated[str, AfterValidator(_network)]
"""A network of IPv4 or IPv6; bits beyond the prefix must be zero."""


def canonical(texts: Iterable[str]) -> tuple[str, ...]:
    """IPv4 first, then by address; what lies inside another or touches it is put together: how a set is written does not matter."""
    parsed = [ipaddress.ip_network(text) for text in texts]
    v4 = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv6Network))
    return tuple(str(n) for n in (*v4, *v6))


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses as (version, first, last), sorted, none touching another. An IPv4 address is never one of IPv6, mapped or not."""

    ranges: tuple[tuple[int, int, int], ...]

    def __and__(self, other: AddressSet) -> AddressSet:
        """The addresses of both."""
        found, mine, theirs = [], list(self.ranges), list(other.ranges)
        while mine and theirs:
            (version, first, last), (v, f, n) = mine[0], theirs[0]
            if version == v and max(first, f) <= min(last, n):
                found.append((version, max(first, f), min(last, n)))
            (mine if (version, last) < (v, n) else theirs).pop(0)
        return AddressSet(tuple(found))

    def __invert__(self) -> AddressSet:
        """All others."""
        found = []
        for version, highest in _LAST.items():
            at = 0
            for _, first, last in (r for r in self.ranges if r[0] == version):
                found += [(version, at, first - 1)] if first > at else []
                at = last + 1
            found += [(version, at, highest)] if at <= highest else []
        return AddressSet(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.ranges)


EVERYWHERE = AddressSet(tuple((version, 0, highest) for version, highest in _LAST.items()))


def addresses(networks: Iterable[str]) -> AddressSet:
    """The addresses of these networks."""
    found = [ipaddress.ip_network(text) for text in canonical(networks)]
    return AddressSet(tuple((n.version, int(n.network_address), int(n.broadcast_address)) for n in found))
