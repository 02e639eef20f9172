"""Network zones on NGINX: `geo` over the client's address, in which an IPv4 address that is mapped into IPv6 counts as IPv4."""

from __future__ import annotations

from collections.abc import Iterable

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


def networks_of(variable: str, networks: Iterable[str], comment: Verbatim, *, inside: int, outside: int) -> Lines:
    """A variable that says whether the client's address is in one of the networks."""
    entries = (Verbatim(f"  {network} {inside};") for network in networks)
    return (Verbatim(f"geo {variable} {{ # {comment}"), Verbatim(f"  default {outside};"), *entries, Verbatim("}"))


def _zone(number: int, control: Zone) -> Lines:
    return networks_of(f"$gwc_zone_{number}", control.networks, javascript(control.name), inside=1, outside=0)
