"""Phase 10: one Kong upstream for each of the policy's; a service whose own host is an upstream without any target.

Only the plugin, with its last statement, moves a request to a real upstream: without the plugin everything is 503. Protocol,
authority and client certificate belong to the service, so all upstreams must have equal ones; server name and timeouts may differ.
Kong shares kept connections between services of one target, so a service that does not verify could open the way for others:
there is one service, and it always verifies.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from gwc.backends.base import Note, Unenforceable
from gwc.backends.kong import certificates
from gwc.backends.kong.fragment import ENTITIES, Anchor, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.backends.kong.routing import catch_all
from gwc.controls.upstream import ClientCertificate, Upstream, VerifiedTls
from gwc.ir import Gateway

CLOSED = "gwc-closed"
# Versions of the contract; the upstream's answer as it is: X-Accel-* are no orders to NGINX, and a head of up to 32 KiB fits.
PROXYING = (
    "proxy_ssl_protocols TLSv1.2 TLSv1.3;",
    "proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;",
    "proxy_buffer_size 32k;",
    "proxy_buffers 8 32k;",
)
Entity = Mapping[str, Any]


def emit(gateway: Gateway) -> Fragment:
    """Upstreams, the service and its certificates. Raises Unenforceable."""
    _refuse_unequal_transports(gateway.upstreams)
    names = {u.name: f"gwc-upstream-{n}" for n, u in enumerate(gateway.upstreams, 1)}
    entities = {
        "upstreams": (*(_upstream(u, names[u.name]) for u in gateway.upstreams), {"name": CLOSED}),
        **_service(gateway.upstreams[0]),
    }
    return Fragment(
        entities=entities,
        operations={o.key: {"upstream": o.upstream} for o in gateway.operations},
        data=(Member("upstreams", {u.name: _target(u, names[u.name], gateway.upstreams[0]) for u in gateway.upstreams}),),
        proxy=PROXYING,
        notes=_needed_key(gateway.upstreams[0]),
        anchors=tuple(Anchor(u.name, ENTITIES, f'"name": "{names[u.name]}",') for u in gateway.upstreams),
    )


def key_variable(upstream: Upstream) -> str:
    """The environment variable that must hold the PEM text of the client certificate's private key when Kong starts."""
    return f"gwc-upstream-{upstream.name}-key".replace("-", "_").upper()


def _needed_key(upstream: Upstream) -> tuple[Note, ...]:
    """What the user has to do: Kong starts without the variable, but then no request reaches the upstream."""
    client = upstream.transport.client if isinstance(upstream.transport, VerifiedTls) else None
    if client is None:
        return ()
    needed = f"Kong takes the key of {client.certificate.path} from the environment variable {key_variable(upstream)}: the PEM text"
    return (Note(upstream.span, needed),)


def identity(name: str) -> str:
    """A UUID that depends on nothing but the name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"gwc:{name}"))


def _target(upstream: Upstream, name: str, first: Upstream) -> LuaValue:
    target: dict[str, LuaValue] = {"name": name, "authority": upstream.authority}
    if _timeouts(upstream) != _timeouts(first):
        connect_ms, response_ms = _timeouts(upstream)
        target["timeouts"] = {"connect_ms": connect_ms, "response_ms": response_ms}
    return target


def _timeouts(upstream: Upstream) -> tuple[int, int]:
    return upstream.connect_timeout_ms, upstream.response_timeout_ms


def _refuse_unequal_transports(upstreams: tuple[Upstream, ...]) -> None:
    first, *others = upstreams
    for other in others:
        if _of_the_service(other) != _of_the_service(first):
            why = f"in Kong scheme, authority and client certificate belong to the service: {other.name} must have those of {first.name}"
            raise Unenforceable(other.span, "upstream", "transport", why, "give all upstreams the same, or compile two gateways")


def _of_the_service(upstream: Upstream) -> tuple[object, ...]:
    transport = upstream.transport
    return (transport.ca, transport.client) if isinstance(transport, VerifiedTls) else ()


def _upstream(upstream: Upstream, name: str) -> Entity:
    """Without health checks: a server that is down is 502, as everywhere. `host_header` is also the SNI and the verified name."""
    transport = upstream.transport
    scheme = "https" if isinstance(transport, VerifiedTls) else "http"
    host = f"[{upstream.host}]" if ":" in upstream.host else upstream.host
    return {
        "name": name,
        "algorithm": "round-robin",
        **({"host_header": transport.server_name} if isinstance(transport, VerifiedTls) else {}),
        "healthchecks": {
            "passive": {
                "type": scheme,
                "healthy": {"http_statuses": [200], "successes": 0},
                "unhealthy": {"http_statuses": [], "http_failures": 0, "tcp_failures": 0, "timeouts": 0},
            },
            "active": {"type": scheme, "healthy": {"interval": 0}, "unhealthy": {"interval": 0}},
        },
        "targets": [{"target": f"{host}:{upstream.port}", "weight": 100}],
    }


def _service(upstream: Upstream) -> dict[str, tuple[Entity, ...]]:
    """The service with the transport that all upstreams share, and the certificates that it names."""
    connect_ms, response_ms = _timeouts(upstream)
    service = {
        "name": "gwc",
        "protocol": "http",
        "host": CLOSED,
        "port": 80,
        "retries": 0,
        "connect_timeout": connect_ms,
        "read_timeout": response_ms,
        "write_timeout": response_ms,
        "routes": [catch_all()],
    }
    if not isinstance(upstream.transport, VerifiedTls):
        return {"services": (service,)}
    authorities = _authorities(upstream, upstream.transport)
    verified = {
        "protocol": "https",
        "port": 443,
        "tls_verify": True,
        "tls_verify_depth": 2,
        "ca_certificates": [a["id"] for a in authorities],
    }
    entities: dict[str, tuple[Entity, ...]] = {"services": ({**service, **verified},), "ca_certificates": authorities}
    if upstream.transport.client is None:
        return entities
    own = _client_certificate(upstream, upstream.transport.client)
    return {**entities, "certificates": (own,), "services": ({**service, **verified, "client_certificate": own["id"]},)}


def _authorities(upstream: Upstream, transport: VerifiedTls) -> tuple[Entity, ...]:
    found = certificates.read(transport.ca, upstream.span, "transport.ca")
    return tuple({"id": identity(f"ca:{text}"), "cert": text} for text in dict.fromkeys(found))


def _client_certificate(upstream: Upstream, client: ClientCertificate) -> Entity:
    chain = certificates.read(client.certificate, upstream.span, "transport.client.certificate")
    reference = f"{{vault://env/{key_variable(upstream).lower().replace('_', '-')}}}"
    return {"id": identity(f"client:{upstream.name}"), "cert": "\n".join(chain), "key": reference}
