"""Whose request it is: the TCP peer, or whom trusted proxies say that they speak for.

From a peer that is no trusted proxy, X-Forwarded-For means nothing. From one, the client is the rightmost address of the list (of all its fields
together) that is no trusted proxy, the leftmost one where all are, and the peer itself without a list. Everything to the right of the client was
written by proxies that are trusted, so no client can choose it.

A list of a trusted proxy that can't be read as a whole is refused with 400 `normalise.clientAddress`: of `MAX_ADDRESSES` elements at most, divided by
commas and spaces, each an IPv4 address, an IPv6 address (without dotted parts, and no loopback, unspecified, mapped or compatible one: the first
group is not zero; a gap stands for two groups at least), or one of them with a port, IPv6 in brackets then. No element is empty, a name, `unknown` or obfuscated.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gwc.controls.base import Node, Place
from gwc.controls.networks import CidrText, canonical
from gwc.controls.spec import Located, Spec
from gwc.diagnostics import Findings

MAX_ADDRESSES = 32
HEADER = "x-forwarded-for"


class ClientIpSpec(Spec):
    """`listener.clientIp`. Other headers have one value that anybody may have written, or forms that gateways read differently."""

    header: Literal["X-Forwarded-For"] = "X-Forwarded-For"
    trusted_proxies: Annotated[list[CidrText], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIp(Node):
    """Limits, zones, network rules, the access log, and X-Forwarded-For and X-Real-IP to upstreams go by the client's address."""

    STEM: ClassVar[str] = "client_ip"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "client_ip"

    trusted_proxies: tuple[str, ...]  # canonical networks, never empty, none of them everybody


def lower(spec: ClientIpSpec | None, place: Located, findings: Findings) -> tuple[ClientIp, ...]:
    """The control; nothing where the peer is always the client."""
    if spec is None:
        return ()
    networks = canonical(spec.trusted_proxies)
    if any(ipaddress.ip_network(n).prefixlen == 0 for n in networks):
        text = "if everybody is a trusted proxy, everybody chooses their own address"
        findings.error("GWC712", text, place.at("trustedProxies").span(), help="name the networks of the proxies in front of the gateway")
    return (ClientIp(at=place.key_span, trusted_proxies=networks),)


EXAMPLES = (ClientIp(trusted_proxies=("10.0.0.0/8",)), ClientIp(trusted_proxies=("10.0.0.0/8", "2001:db8::/32")))
