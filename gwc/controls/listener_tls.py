"""Phase 0: TLS of the listener, by a Mozilla guideline that is pinned by version.

Numbers: https://ssl-config.mozilla.org/guidelines/6.0.json (2026-04-06).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gwc.controls.base import FileRef, Node, Place
from gwc.controls.spec import Duration, FileReference, HostName, Located, Spec, file_ref, whole_seconds
from gwc.diagnostics import Findings

__all__ = [
    "EXAMPLES",
    "PROFILES",
    "ClientCertificates",
    "FileRef",
    "HostCertificate",
    "Hsts",
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


class HostCertificateSpec(Spec):
    """One of `listener.tls.certificates`: the pair of some of the hosts."""

    hosts: Annotated[list[HostName], Field(min_length=1)]
    certificate: FileReference
    private_key: FileReference


class HstsSpec(Spec):
    """`listener.tls.hsts` (RFC 6797)."""

    max_age: Duration
    include_sub_domains: Literal["on", "off"] = "off"
    preload: Literal["on", "off"] = "off"


class TlsSpec(Spec):
    """`listener.tls`. A baseline names a profile only: the floor below which no policy may go. Session tickets have no other value than off."""

    LATER: ClassVar[tuple[str, ...]] = ("ocsp",)

    profile: ProfileName | None = None
    certificate: FileReference | None = None
    private_key: FileReference | None = None
    certificates: list[HostCertificateSpec] = []
    hsts: HstsSpec | Literal["off"] | None = None  # None: as Mozilla's guideline 6.0 says
    session_tickets: Literal["off"] = "off"
    client_certificates: ClientCertificatesSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificates:
    """Clients are asked for a certificate. One that does not lead to a certificate of `ca` is refused on every operation, and with
    `required` so is none: no handshake, or 400 `normalise.certificate` where the gateway can only say it afterwards.
    """

    mode: Literal["optional", "required"]
    ca: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificate:
    """The pair that is shown to clients who ask for one of `hosts` (sorted)."""

    hosts: tuple[str, ...]
    certificate: FileRef
    private_key: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Hsts:
    """Strict-Transport-Security of every answer, those of the gateway itself included; one of an upstream gives way to it."""

    max_age_s: int  # 0: browsers forget the host
    include_subdomains: bool
    preload: bool

    @property
    def value(self) -> str:
        """The value of the field."""
        return f"max-age={self.max_age_s}" + "; includeSubDomains" * self.include_subdomains + "; preload" * self.preload


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
    certificates: tuple[HostCertificate, ...]  # by hosts; for all other hosts there is the pair above
    hsts: Hsts | None
    client_certificates: ClientCertificates | None  # None: clients are not asked for one

    def pair_of(self, host: str) -> tuple[FileRef, FileRef]:
        """Certificate and private key of a host."""
        found = next((c for c in self.certificates if host in c.hosts), self)
        return found.certificate, found.private_key


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


def lower(
    spec: TlsSpec, floors: list[ProfileName], address: str, served: Sequence[str], place: Located, findings: Findings
) -> ListenerTls | None:
    """The listener with the strictest of the policy's profile and the baselines' `floors`; None after a finding. `served`: the host names."""
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
        certificates=_host_certificates(spec.certificates, served, tls.at("certificates"), findings),
        hsts=_hsts(spec.hsts, tls.at("hsts"), findings),
        client_certificates=_client_certificates(spec.client_certificates),
    )


def _client_certificates(spec: ClientCertificatesSpec | None) -> ClientCertificates | None:
    return None if spec is None else ClientCertificates(mode=spec.mode, ca=file_ref(spec.ca))


def _host_certificates(
    specs: list[HostCertificateSpec], served: Sequence[str], place: Located, findings: Findings
) -> tuple[HostCertificate, ...]:
    """By their hosts, which must be served, and have one pair each."""
    taken: set[str] = set()
    for number, spec in enumerate(specs):
        for index, host in enumerate(spec.hosts):
            at = place.at(number, "hosts", index)
            if host not in served:
                findings.error("GWC106", f"no API is served as {host!r}", at.span())
            if host in taken:
                findings.error("GWC106", f"{host!r} has two certificates", at.span())
            taken.add(host)
    made = (
        HostCertificate(hosts=tuple(sorted(s.hosts)), certificate=file_ref(s.certificate), private_key=file_ref(s.private_key))
        for s in specs
    )
    return tuple(sorted(made, key=lambda c: c.hosts))


_MAX_AGE_S = 10 * 366 * 86_400
_PRELOAD_S = 365 * 86_400
"""What the preload list of browsers asks for, together with the subdomains (hstspreload.org)."""


_GUIDELINE = Hsts(max_age_s=63_072_000, include_subdomains=False, preload=False)


def _hsts(spec: HstsSpec | Literal["off"] | None, place: Located, findings: Findings) -> Hsts | None:
    if spec is None or spec == "off":
        return _GUIDELINE if spec is None else None
    hsts = Hsts(
        max_age_s=whole_seconds(spec.max_age, place.at("maxAge"), findings, 0, _MAX_AGE_S),
        include_subdomains=spec.include_sub_domains == "on",
        preload=spec.preload == "on",
    )
    if hsts.preload and not (hsts.include_subdomains and hsts.max_age_s >= _PRELOAD_S):
        findings.error("GWC107", "preload needs includeSubDomains: on and a maxAge of at least 365d", place.at("preload").span())
    elif 0 < hsts.max_age_s < _PRELOAD_S:
        findings.warning("GWC107", "browsers forget within a year: a maxAge of 365d or more is recommended", place.at("maxAge").span())
    return hsts


_BASE = {
    "address": "127.0.0.1",
    "port": 8443,
    "profile": "mozilla-intermediate-6.0",
    "certificate": FileRef(path="/etc/gw/tls/server.pem"),
    "private_key": FileRef(path="/etc/gw/tls/server.key"),
    "certificates": (),
    "hsts": None,
    "client_certificates": None,
}
_PARTNER = HostCertificate(
    hosts=("api.test",), certificate=FileRef(path="/etc/gw/tls/partner.pem"), private_key=FileRef(path="/etc/gw/tls/partner.key")
)
_HSTS = Hsts(max_age_s=63_072_000, include_subdomains=False, preload=False)


def _example(**changed: object) -> ListenerTls:
    return ListenerTls(**{**_BASE, **changed})  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(address="127.0.0.2"),
    _example(port=9443),
    _example(profile="mozilla-modern-6.0"),
    _example(certificate=FileRef(path="/etc/gw/tls/other.pem")),
    _example(private_key=FileRef(path="/etc/gw/tls/other.key")),
    _example(certificates=(_PARTNER,)),
    _example(certificates=(replace(_PARTNER, certificate=FileRef(path="/etc/gw/tls/other.pem")),)),
    _example(certificates=(replace(_PARTNER, private_key=FileRef(path="/etc/gw/tls/other.key")),)),
    _example(hsts=_HSTS),
    _example(hsts=replace(_HSTS, max_age_s=0)),
    _example(hsts=replace(_HSTS, include_subdomains=True)),
    _example(hsts=replace(_HSTS, include_subdomains=True, preload=True)),
    _example(client_certificates=ClientCertificates(mode="optional", ca=FileRef(path="/etc/gw/tls/partners.pem"))),
    _example(client_certificates=ClientCertificates(mode="required", ca=FileRef(path="/etc/gw/tls/partners.pem"))),
    _example(client_certificates=ClientCertificates(mode="optional", ca=FileRef(path="/etc/gw/tls/others.pem"))),
)
