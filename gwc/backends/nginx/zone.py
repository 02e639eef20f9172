"""Network zones on NGINX: `geo` over the address of the TCP peer, in which an IPv4 address that is mapped into IPv6 counts as IPv4."""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.controls.zone import Zone
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """A variable for each zone, by its place in the gateway: 1 inside, 0 outside."""
    zones = [_zone(number, control) for number, control in enumerate(plan.gateway.zones)]
    anchors = tuple(Anchor(c.name, CONFIGURATION, lines[0]) for c, lines in zip(plan.gateway.zones, zones, strict=True))
    return Fragments(http=tuple(line for lines in zones for line in lines), anchors=anchors)


def _zone(number: int, control: Zone) -> Lines:
    networks = (Verbatim(f"  {network} 1;") for network in control.networks)
    return (Verbatim(f"geo $gwc_zone_{number} {{ # {javascript(control.name)}"), Verbatim("  default 0;"), *networks, Verbatim("}"))
