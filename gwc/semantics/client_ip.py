"""Whose request it is: the peer, or the address that a list of trusted proxies leads to."""

from __future__ import annotations

import ipaddress
import re

from gwc.controls.client_ip import HEADER, MAX_ADDRESSES
from gwc.ir.gateway import Gateway
from gwc.semantics.http1 import Request
from gwc.semantics.zone import Address, address_of, is_in

_MAX_BESIDE_GAP = 6
"""A gap stands for two groups at least (RFC 5952, 4.2.2)."""
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[0-9.]*)):(?P<port>[1-9][0-9]{0,4})")


def client_of(gateway: Gateway, request: Request, peer: str) -> str | None:
    """The client's address; None for a list of a trusted proxy that can't be read."""
    for control in gateway.client_ip:
        if is_in(control.trusted_proxies, address_of(peer)):
            addresses = _listed(", ".join(request.values(HEADER)))
            if addresses is None:
                return None
            strangers = [a for a in addresses if not is_in(control.trusted_proxies, a)]
            return str((strangers or addresses[:1])[-1]) if addresses else peer
    return peer


def _listed(text: str) -> list[Address] | None:
    """The addresses of the list; None when one is none."""
    elements = text.split(",") if text else []
    found = [_address(element.strip(" ")) for element in elements]
    if len(found) > MAX_ADDRESSES or None in found:
        return None
    return [a for a in found if a is not None]


def _address(text: str) -> Address | None:
    ported = _WITH_PORT.fullmatch(text)
    if ported:
        if int(ported["port"]) > 65535:
            return None
        return _v6(ported["v6"]) if ported["v6"] is not None else _v4(ported["v4"])
    return _v4(text) or _v6(text)


def _v4(text: str) -> Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def _v6(text: str) -> Address | None:
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    is_short = "::" in text and sum(map(bool, text.split(":"))) > _MAX_BESIDE_GAP
    return None if found.packed[:2] == b"\0\0" or "." in text or "%" in text or is_short else found
