"""Phases 0 and 1: which name the connection asked for, and whether the request means the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gwc.controls.host_names import HostNames
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_PORT = re.compile(r":[0-9]{0,5}\Z")


def is_served(control: HostNames, sni: str | None) -> bool:
    """Whether the TLS handshake goes on for this server name."""
    return sni is not None and sni.lower() in control.names


def host_of(request: Request) -> str:
    """The Host without its port, in lower case; empty when there is none or more than one."""
    hosts = request.values("host")
    return _PORT.sub("", hosts[0]).lower() if len(hosts) == 1 else ""


def find_faults(control: HostNames, request: Request, sni: str | None) -> Iterator[Fault]:
    """421 when Host is not served, or not what the connection was made for."""
    meant = {host_of(request), *_authority(request.target)}
    if sni is None or meant != {sni.lower()} or sni.lower() not in control.names:
        yield fault("normalise.host")


def _authority(target: str) -> Iterator[str]:
    """The host of a target in absolute form, which takes the place of Host (RFC 9112 3.2.2)."""
    absolute = _AUTHORITY.match(target)
    if absolute:
        yield _PORT.sub("", absolute[1]).lower()
