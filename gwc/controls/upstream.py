"""Phase 10: where allowed requests go. The raw target that was checked is forwarded unchanged; no retries, no redirects followed."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import FileRef, Node, Place
from gwc.controls.spec import HOST_NAME, Duration, FileReference, HostName, Located, Spec, file_ref, milliseconds
from gwc.diagnostics import Findings


class UpstreamTlsSpec(Spec):
    """`upstreams.<name>.tls`: what an `https` upstream is verified with, and optionally what the gateway shows to it."""

    LATER: ClassVar[tuple[str, ...]] = ("subjectAltNames",)

    ca: FileReference
    server_name: HostName | None = None
    certificate: FileReference | None = None
    private_key: FileReference | None = None


class TimeoutsSpec(Spec):
    """`upstreams.<name>.timeouts`."""

    connect: Duration = "2s"
    response: Duration = "10s"


class UpstreamSpec(Spec):
    """`upstreams.<name>`: one server, without a path: the target that was checked is the one that is forwarded."""

    LATER: ClassVar[tuple[str, ...]] = ("endpoints", "healthChecks", "loadBalancing", "retries", "circuitBreaker", "keepAlive", "dns")

    url: str
    tls: UpstreamTlsSpec | None = None
    timeouts: TimeoutsSpec = TimeoutsSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """HTTP without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """What the gateway shows to the upstream."""

    certificate: FileRef
    private_key: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTls:
    """TLS 1.2 or 1.3; the certificate must chain to `ca` and have the DNS name `server_name`, which is also sent as SNI.

    There is no way to say "do not verify". A certificate that does not hold: 502 `upstream.unavailable`.
    """

    server_name: str
    ca: FileRef
    client: ClientCertificate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream(Node):
    """One server: `host` is a DNS name or an IP address. Host of the forwarded request is `authority`.

    No connection, or an end of it instead of an answer: 502 `upstream.unavailable`. No connection (with TLS: no handshake) within
    `connect_timeout_ms`, or no answer within `response_timeout_ms`: 504 `upstream.timeout`. An answer that breaks off reaches the client
    broken off: never as a whole one. Nothing is sent twice.
    """

    STEM: ClassVar[str] = "upstream"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "upstreams"

    name: str  # [A-Za-z0-9_-]
    host: str
    port: int
    transport: PlainText | VerifiedTls
    connect_timeout_ms: int
    response_timeout_ms: int

    @property
    def authority(self) -> str:
        """Host of forwarded requests: the verified name with TLS, else the host; with the port unless it is the scheme's default."""
        name = self.transport.server_name if isinstance(self.transport, VerifiedTls) else self.host
        default = 443 if isinstance(self.transport, VerifiedTls) else 80
        name = f"[{name}]" if ":" in name else name
        return name if self.port == default else f"{name}:{self.port}"


_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::(?P<port>[1-9][0-9]{0,4}))?/?", re.ASCII
)
_MIN_TIMEOUT_MS, _MAX_TIMEOUT_MS = 1, 3_600_000


@dataclass(frozen=True, slots=True)
class Address:
    """What an upstream's URL says."""

    is_https: bool
    host: str
    port: int


def parse_url(text: str) -> Address:
    """Scheme, host and port of `https://orders.internal:8443`. Raises ValueError, whose text never has a part of the URL."""
    found = _URL.fullmatch(text)
    if not found:
        raise ValueError("a URL here is http or https, a host and a port, without user, path and query: https://orders.internal:8443")
    host = canonical_host(found["v6"], found["name"])
    is_https = found["scheme"] == "https"
    port = int(found["port"]) if found["port"] else (443 if is_https else 80)
    if port > 65535:
        raise ValueError("a port is at most 65535")
    return Address(is_https, host, port)


def canonical_host(v6: str | None, name: str) -> str:
    """The host that a text names by an IPv6 address, or by `name`: a DNS name or an IPv4 address. Raises ValueError."""
    if v6:
        return str(ipaddress.IPv6Address(v6))
    host = name.lower()
    return host if HOST_NAME.fullmatch(host) else str(ipaddress.IPv4Address(host))


def is_loopback(host: str) -> bool:
    """Whether traffic to the host stays on the machine."""
    if HOST_NAME.fullmatch(host):
        return host == "localhost"
    return ipaddress.ip_address(host).is_loopback


def lower(name: str, spec: UpstreamSpec, place: Located, findings: Findings) -> Upstream | None:
    """The upstream; None after a finding that leaves none."""
    try:
        address = parse_url(spec.url)
    except ValueError as error:
        findings.error("GWC022", f"upstreams.{name}.url: {error}", place.at("url").span())
        return None
    transport = _transport(name, spec.tls, address, place, findings)
    if transport is None:
        return None
    return Upstream(
        at=place.key_span,
        name=name,
        host=address.host,
        port=address.port,
        transport=transport,
        connect_timeout_ms=_timeout_ms(spec.timeouts.connect, place.at("timeouts", "connect"), findings),
        response_timeout_ms=_timeout_ms(spec.timeouts.response, place.at("timeouts", "response"), findings),
    )


def _timeout_ms(text: str, place: Located, findings: Findings) -> int:
    length_ms = milliseconds(text)
    if not _MIN_TIMEOUT_MS <= length_ms <= _MAX_TIMEOUT_MS:
        findings.error("GWC022", f"{text} is no timeout: 1ms to 1h", place.span())
    return length_ms


def _transport(
    name: str, tls: UpstreamTlsSpec | None, address: Address, place: Located, findings: Findings
) -> PlainText | VerifiedTls | None:
    if address.is_https:
        return _verified_tls(name, tls, address.host, place, findings)
    if tls is not None:
        findings.error(
            "GWC103", f"upstream {name!r} has tls, but its URL is http", place.at("tls").key_span(), help="write https in the URL"
        )
    if not is_loopback(address.host):
        findings.warning(
            "GWC104", f"upstream {name!r} is plain http outside this machine", place.at("url").span(), help="use https with tls.ca"
        )
    return PlainText()


def _verified_tls(name: str, tls: UpstreamTlsSpec | None, host: str, place: Located, findings: Findings) -> VerifiedTls | None:
    if tls is None:
        text = f"upstream {name!r} is https, but nothing says whose certificates are believed"
        findings.error("GWC103", text, place.at("url").span(), help="add tls: {ca: file:/path/to/ca.pem}")
        return None
    server_name = tls.server_name or (host if HOST_NAME.fullmatch(host) else None)
    if server_name is None:
        text = f"upstream {name!r} is an IP address: tls.serverName must say which name its certificate has"
        findings.error("GWC103", text, place.at("tls").key_span())
        return None
    if (tls.certificate is None) != (tls.private_key is None):
        findings.error("GWC103", "certificate and privateKey go together", place.at("tls").key_span())
        return None
    client = None
    if tls.certificate is not None and tls.private_key is not None:
        client = ClientCertificate(certificate=file_ref(tls.certificate), private_key=file_ref(tls.private_key))
    return VerifiedTls(server_name=server_name, ca=file_ref(tls.ca), client=client)


_CA = FileRef(path="/etc/gw/tls/ca.pem")
_CLIENT = ClientCertificate(certificate=FileRef(path="/etc/gw/tls/gw.pem"), private_key=FileRef(path="/etc/gw/tls/gw.key"))


def _example(transport: PlainText | VerifiedTls = PlainText(), **changed: object) -> Upstream:
    base = {"name": "orders", "host": "127.0.0.1", "port": 9000, "connect_timeout_ms": 2000, "response_timeout_ms": 10000}
    return Upstream(transport=transport, **{**base, **changed})  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(host="127.0.0.2"),
    _example(port=9001),
    _example(connect_timeout_ms=1000),
    _example(response_timeout_ms=5000),
    _example(VerifiedTls(server_name="orders.internal", ca=_CA, client=None)),
    _example(VerifiedTls(server_name="other.internal", ca=_CA, client=None)),
    _example(VerifiedTls(server_name="orders.internal", ca=FileRef(path="/etc/gw/tls/ca2.pem"), client=None)),
    _example(VerifiedTls(server_name="orders.internal", ca=_CA, client=_CLIENT)),
)
