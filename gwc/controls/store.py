"""What gateway instances share: counters of rate limits with `scope: cluster` (docs/rate-limits.md, "Limits of a cluster").

It is written in `gwc.yaml`, since it belongs to an installation: policies say what is limited, the project where it is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from gwc.controls.base import FileRef, Node, Place
from gwc.controls.spec import HOST_NAME, FileReference, HostName, Located, Spec, VisibleText, file_ref
from gwc.controls.upstream import canonical_host, is_loopback
from gwc.diagnostics import Findings

DEFAULT_DOMAIN = "gwc"


class StoreTlsSpec(Spec):
    """`store.*.tls`: what the server is verified with."""

    ca: FileReference
    server_name: HostName | None = None


class RedisSpec(Spec):
    """`store.redis`: one Redis 5.0 or newer, or what speaks like one; `address` is host:port."""

    address: str
    tls: StoreTlsSpec | None = None
    username: VisibleText | None = None
    password_file: FileReference | None = None


class RateLimitServiceSpec(Spec):
    """`store.rateLimitService`: a server of Envoy's rate limit protocol; `address` is host:port."""

    address: str
    tls: StoreTlsSpec | None = None
    domain: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = DEFAULT_DOMAIN


class StoreSpec(Spec):
    """`store` of a project."""

    redis: RedisSpec | None = None
    rate_limit_service: RateLimitServiceSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTls:
    """TLS 1.2 or 1.3; the server's certificate must chain to `ca` and have the DNS name `server_name`, which is also sent as SNI."""

    server_name: str
    ca: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """Where counters are kept, for gateways that count by themselves.

    `host` is a DNS name or an IP address. Without `tls` it is on loopback. `username` None: that of the default user; `password_file`: read by the
    gateway at its start, None: no AUTH. `prefix`: what all keys of the policy begin with, `[A-Za-z0-9.:_-]`.
    """

    host: str
    port: int
    tls: StoreTls | None
    username: str | None
    password_file: FileRef | None
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitService:
    """Who counts, for gateways that ask a service. `domain`: what the service knows the limits of this policy by; no other policy has it."""

    host: str
    port: int
    tls: StoreTls | None
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Store(Node):
    """At least one of both. It is in the IR only when a limit counts in it."""

    STEM: ClassVar[str] = "store"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "store"

    redis: Redis | None
    rate_limit_service: RateLimitService | None


_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+)):(?P<port>[1-9][0-9]{0,4})", re.ASCII)


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `redis.internal:6379`, `10.0.0.1:6379` or `[::1]:6379`. Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    if not found or int(found["port"]) > 65535:
        raise ValueError("an address here is host:port, for example redis.internal:6379")
    return canonical_host(found["v6"], found["name"]), int(found["port"])


def lower(spec: StoreSpec, policy: str, place: Located, findings: Findings) -> Store | None:
    """The store for the policy of this name; None after a finding."""
    if spec.redis is None and spec.rate_limit_service is None:
        findings.error("GWC510", "a store is redis, rateLimitService or both", place.key_span())
        return None
    before = findings.error_count
    redis = _redis(spec.redis, policy, place.at("redis"), findings)
    service = _service(spec.rate_limit_service, policy, place.at("rateLimitService"), findings)
    if findings.error_count > before:
        return None
    return Store(at=place.key_span, redis=redis, rate_limit_service=service)


def _redis(spec: RedisSpec | None, policy: str, place: Located, findings: Findings) -> Redis | None:
    if spec is None:
        return None
    if spec.username is not None and spec.password_file is None:
        findings.error("GWC510", "username needs passwordFile", place.at("username").span())
    server = _server(spec, place, findings)
    if server is None:
        return None
    password = file_ref(spec.password_file) if spec.password_file is not None else None
    return Redis(
        host=server.host, port=server.port, tls=server.tls, username=spec.username, password_file=password, prefix=f"gwc:{policy}:"
    )


def _service(spec: RateLimitServiceSpec | None, policy: str, place: Located, findings: Findings) -> RateLimitService | None:
    server = _server(spec, place, findings) if spec is not None else None
    if spec is None or server is None:
        return None
    return RateLimitService(host=server.host, port=server.port, tls=server.tls, domain=f"{spec.domain}.{policy}")


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    tls: StoreTls | None


def _server(spec: RedisSpec | RateLimitServiceSpec, place: Located, findings: Findings) -> _Server | None:
    try:
        host, port = parse_address(spec.address)
    except ValueError as error:
        findings.error("GWC022", f"{'.'.join(str(x) for x in place.pointer)}.address: {error}", place.at("address").span())
        return None
    if spec.tls is None:
        if not is_loopback(host):
            text = "the way to this store is not encrypted: who is on it reads what callers are counted by, and can say that nobody has used up anything"
            findings.error(
                "GWC511", text, place.at("address").span(), help="add tls: {ca: file:/path/to/ca.pem}; without it only loopback is taken"
            )
        return _Server(host, port, None)
    name = spec.tls.server_name or (host if HOST_NAME.fullmatch(host) else None)
    if name is None:
        findings.error(
            "GWC510", "the store is an IP address: tls.serverName must say which name its certificate has", place.at("tls").key_span()
        )
        return None
    return _Server(host, port, StoreTls(server_name=name, ca=file_ref(spec.tls.ca)))


_TLS = StoreTls(server_name="store.internal", ca=FileRef(path="/etc/gw/tls/store-ca.pem"))
_REDIS = Redis(
    host="store.internal",
    port=6379,
    tls=_TLS,
    username="gwc",
    password_file=FileRef(path="/etc/gw/redis.password"),
    prefix="gwc:orders:",
)
_SERVICE = RateLimitService(host="limits.internal", port=8081, tls=_TLS, domain="gwc.orders")
_BOTH = Store(redis=_REDIS, rate_limit_service=_SERVICE)
EXAMPLES = (
    _BOTH,
    *(
        replace(_BOTH, redis=redis)
        for redis in (
            None,
            replace(_REDIS, host="other.internal"),
            replace(_REDIS, port=6380),
            replace(_REDIS, host="127.0.0.1", tls=None),
            replace(_REDIS, tls=replace(_TLS, server_name="other.internal")),
            replace(_REDIS, tls=replace(_TLS, ca=FileRef(path="/etc/gw/tls/other-ca.pem"))),
            replace(_REDIS, username=None),
            replace(_REDIS, username=None, password_file=None),
            replace(_REDIS, password_file=FileRef(path="/etc/gw/other.password")),
            replace(_REDIS, prefix="gwc:other:"),
        )
    ),
    *(
        replace(_BOTH, rate_limit_service=service)
        for service in (
            None,
            replace(_SERVICE, host="other.internal"),
            replace(_SERVICE, port=8082),
            replace(_SERVICE, host="127.0.0.1", tls=None),
            replace(_SERVICE, tls=replace(_TLS, server_name="other.internal")),
            replace(_SERVICE, tls=replace(_TLS, ca=FileRef(path="/etc/gw/tls/other-ca.pem"))),
            replace(_SERVICE, domain="gwc.other"),
        )
    ),
)
