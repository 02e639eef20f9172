"""Network zones: named sets of addresses that rules refer to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from gwc.controls.base import Node, Place
from gwc.controls.spec import Located, Name, Spec
from gwc.diagnostics import Findings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> str:
    try:
        found = ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not a network: {error} (for example 10.20.0.0/16 or 2001:db8::/32)") from None
    if "%" in text:
        raise ValueError(f"not a network: {text!r} has a scope, which means something on one machine only")
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen >= 96 and found.network_address.ipv4_mapped is not None:
        raise ValueError("an IPv4 network is written as one: 10.0.0.0/8, not ::ffff:10.0.0.0/104")
    return text


CidrText = Annotated[str, AfterValidator(_network)]


class NetworkSpec(Spec):
    """`network`. Zone -> networks; bits beyond the prefix must be zero."""

    LATER: ClassVar[tuple[str, ...]] = ("allow", "deny", "egress")

    zones: dict[Name, Annotated[list[CidrText], Field(min_length=1)]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(Node):
    """A client is in the zone when its address, that of the TCP peer, is in one of `networks`.

    An IPv4 address that arrives mapped into IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    """

    STEM: ClassVar[str] = "zone"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "zones"

    name: str
    networks: tuple[str, ...]  # canonical, IPv4 first, then by address; none inside another


def lower(name: str, networks: list[str], place: Located, findings: Findings) -> Zone:
    """The zone with networks that lie inside others or touch put together: how a set is written does not matter."""
    parsed = [ipaddress.ip_network(text) for text in networks]
    if len(set(parsed)) < len(parsed):
        findings.warning("GWC701", f"zone {name!r} has the same network twice", place.span())
    v4 = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv6Network))
    return Zone(at=place.key_span, name=name, networks=tuple(str(n) for n in (*v4, *v6)))


EXAMPLES = (
    Zone(name="corp", networks=("10.20.0.0/16",)),
    Zone(name="corp", networks=("10.20.0.0/17",)),
    Zone(name="corp", networks=("10.20.0.0/16", "2001:db8::/32")),
    Zone(name="office", networks=("10.20.0.0/16",)),
)
