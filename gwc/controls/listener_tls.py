"""Phase 0: TLS of the listener, by a Mozilla guideline that is pinned by version.

Numbers: https://ssl-config.mozilla.org/guidelines/6.0.json (2026-04-06).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from gwc.controls.base import FileRef, Node, Place
from gwc.controls.spec import FileReference, Located, Spec, file_ref
from gwc.diagnostics import Findings

__all__ = [
    "EXAMPLES",
    "PROFILES",
    "ClientCertificates",
    "FileRef",
    "ListenerTls",
    "ProfileName",
    "Spec",
    "TlsProfile",
    "TlsSpec",
    "lower",
    "stricter",
]

ProfileName = Literal["mozilla-intermediate-6.0", "mozilla-modern-6.0"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsProfile:
    """Versions in OpenSSL's spelling, lowest first; cipher suites of TLS 1.2 in OpenSSL's names; groups by preference."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    groups: tuple[str, ...]


_GROUPS = ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1")
PROFILES = MappingProxyType(
    {
        "mozilla-intermediate-6.0": TlsProfile(
            versions=("TLSv1.2", "TLSv1.3"),
            ciphers=(
                "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-RSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-RSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305",
                "ECDHE-RSA-CHACHA20-POLY1305",
            ),
            groups=_GROUPS,
        ),
        "mozilla-modern-6.0": TlsProfile(versions=("TLSv1.3",), ciphers=(), groups=_GROUPS),
    }
)


class ClientCertificatesSpec(Spec):
    """`listener.tls.clientCertificates`. Who a certificate stands for is said by a scheme of type mutualTLS: without one it is an error."""

    mode: Literal["optional", "required"]
    ca: FileReference


class TlsSpec(Spec):
    """`listener.tls`. A baseline names a profile only: the floor below which no policy may go."""

    LATER: ClassVar[tuple[str, ...]] = ("hsts", "ocsp", "sessionTickets")

    profile: ProfileName | None = None
    certificate: FileReference | None = None
    private_key: FileReference | None = None
    client_certificates: ClientCertificatesSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificates:
    """Clients are asked for a certificate. One that does not lead to a certificate of `ca` is refused on every operation, and with
    `required` so is none: no handshake, or 400 `normalise.certificate` where the gateway can only say it afterwards.
    """

    mode: Literal["optional", "required"]
    ca: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTls(Node):
    """The one listener: HTTPS only. A client that offers less than the profile, or no server name that is served, gets no handshake."""

    STEM: ClassVar[str] = "listener_tls"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "listener_tls"

    address: str  # an IP address, IPv6 without brackets
    port: int
    profile: ProfileName
    certificate: FileRef
    private_key: FileRef
    client_certificates: ClientCertificates | None  # None: clients are not asked for one


def stricter(profiles: list[ProfileName]) -> ProfileName:
    """The one of the profiles that allows least; there is at least one."""
    return "mozilla-modern-6.0" if "mozilla-modern-6.0" in profiles else profiles[0]


_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+)):(?P<port>[1-9][0-9]{0,4})", re.ASCII)


def parse_address(text: str) -> tuple[str, int]:
    """IP address and port of `0.0.0.0:8443` or `[::]:8443`. Raises ValueError for another text."""
    found = _ADDRESS.fullmatch(text)
    port = int(found["port"]) if found else 0
    if not found or port > 65535:
        raise ValueError("an address is an IP address and a port: 0.0.0.0:8443 or [::]:8443")
    address = ipaddress.IPv6Address(found["v6"]) if found["v6"] else ipaddress.IPv4Address(found["v4"])
    return str(address), port


def lower(spec: TlsSpec, floors: list[ProfileName], address: str, place: Located, findings: Findings) -> ListenerTls | None:
    """The listener with the strictest of the policy's profile and the baselines' `floors`; None after a finding."""
    tls = place.at("tls")
    for name in ("profile", "certificate", "private_key"):
        if getattr(spec, name) is None and not (name == "profile" and floors):
            key = "privateKey" if name == "private_key" else name
            findings.error("GWC023", f"listener.tls needs {key!r}", tls.key_span())
    try:
        host, port = parse_address(address)
    except ValueError as error:
        findings.error("GWC022", f"listener.address: {error}", place.at("address").span())
        return None
    profiles = [p for p in (*floors, spec.profile) if p is not None]
    if not profiles or spec.certificate is None or spec.private_key is None:
        return None
    return ListenerTls(
        at=tls.key_span,
        address=host,
        port=port,
        profile=stricter(profiles),
        certificate=file_ref(spec.certificate),
        private_key=file_ref(spec.private_key),
        client_certificates=_client_certificates(spec.client_certificates),
    )


def _client_certificates(spec: ClientCertificatesSpec | None) -> ClientCertificates | None:
    return None if spec is None else ClientCertificates(mode=spec.mode, ca=file_ref(spec.ca))


_BASE = {
    "address": "127.0.0.1",
    "port": 8443,
    "profile": "mozilla-intermediate-6.0",
    "certificate": FileRef(path="/etc/gw/tls/server.pem"),
    "private_key": FileRef(path="/etc/gw/tls/server.key"),
    "client_certificates": None,
}


def _example(**changed: object) -> ListenerTls:
    return ListenerTls(**{**_BASE, **changed})  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(address="127.0.0.2"),
    _example(port=9443),
    _example(profile="mozilla-modern-6.0"),
    _example(certificate=FileRef(path="/etc/gw/tls/other.pem")),
    _example(private_key=FileRef(path="/etc/gw/tls/other.key")),
    _example(client_certificates=ClientCertificates(mode="optional", ca=FileRef(path="/etc/gw/tls/partners.pem"))),
    _example(client_certificates=ClientCertificates(mode="required", ca=FileRef(path="/etc/gw/tls/partners.pem"))),
    _example(client_certificates=ClientCertificates(mode="optional", ca=FileRef(path="/etc/gw/tls/others.pem"))),
)
