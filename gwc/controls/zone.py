"""Network zones: named sets of addresses that rules refer to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.controls.networks import canonical
from gwc.controls.spec import Located
from gwc.diagnostics import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(Node):
    """A client is in the zone when its address (gwc/controls/client_ip.py) is in one of `networks`.

    An IPv4 address that arrives mapped into IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    """

    STEM: ClassVar[str] = "zone"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "zones"

    name: str
    networks: tuple[str, ...]  # canonical, IPv4 first, then by address; none inside another


def lower(name: str, networks: list[str], place: Located, findings: Findings) -> Zone:
    """The zone with networks that lie inside others or touch put together."""
    if len({ipaddress.ip_network(text) for text in networks}) < len(networks):
        findings.warning("GWC701", f"zone {name!r} has the same network twice", place.span())
    return Zone(at=place.key_span, name=name, networks=canonical(networks))


EXAMPLES = (
    Zone(name="corp", networks=("10.20.0.0/16",)),
    Zone(name="corp", networks=("10.20.0.0/17",)),
    Zone(name="corp", networks=("10.20.0.0/16", "2001:db8::/32")),
    Zone(name="office", networks=("10.20.0.0/16",)),
)
