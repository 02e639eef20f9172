"""Makes a policy for another machine run on this one, with everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gwc.controls.jwt import FileKeys, Jwt, KeySource
from gwc.controls.listener_tls import FileRef, HostCertificate, ListenerTls
from gwc.controls.store import Redis, Store
from gwc.controls.upstream import ClientCertificate, PlainText, Upstream, VerifiedTls
from gwc.ir.gateway import Gateway
from gwc.local.certificates import Certificates, Pair
from gwc.local.identity_provider import IdentityProvider
from gwc.local.processes import second_port

Address = tuple[str, int]


def localise(
    gateway: Gateway,
    *,
    port: int,
    certificates: Certificates,
    upstreams: Mapping[str, Address],
    provider: IdentityProvider,
    sources: Mapping[str, KeySource] | None = None,
    redis: Redis | None = None,
) -> Gateway:
    """The gateway on 127.0.0.1:`port`, with throw-away certificates, token keys of `provider`, and each named upstream at its address.

    Verified upstreams stay verified, under the same name, by the throw-away CA, which client certificates must come from, too. `sources`: where
    the keys of a scheme are when they are not part of the output (`gwc.local.key_sources`). Metrics move to a free port.
    `redis`: what takes the place of the policy's; without one nobody answers there, and requests get what their limits declare for that.
    """
    return replace(
        gateway,
        listener_tls=_listener(gateway.listener_tls, port, certificates),
        upstreams=tuple(_upstream(u, upstreams[u.name], certificates) for u in gateway.upstreams),
        store=tuple(_store(s, redis) for s in gateway.store),
        jwts=tuple(_jwt(j, provider, sources or {}) for j in gateway.jwts),
        metrics=tuple(replace(m, address="127.0.0.1", port=second_port()) for m in gateway.metrics),
    )


def upstream_names(gateway: Gateway) -> tuple[str, ...]:
    """The names that certificates of the upstreams must have."""
    return tuple(sorted({u.transport.server_name for u in gateway.upstreams if isinstance(u.transport, VerifiedTls)}))


def _listener(listener: ListenerTls, port: int, certificates: Certificates) -> ListenerTls:
    certificate, private_key = _files(certificates.server)
    asked = listener.client_certificates and replace(listener.client_certificates, ca=FileRef(path=str(certificates.ca)))
    moved = replace(listener, address="127.0.0.1", port=port, client_certificates=asked)
    hosts = tuple(_host(c, certificates) for c in listener.certificates)
    return replace(moved, certificate=certificate, private_key=private_key, certificates=hosts)


def _host(one: HostCertificate, certificates: Certificates) -> HostCertificate:
    """With its own throw-away pair, where one was made for its hosts."""
    certificate, private_key = _files(certificates.hosts.get(one.hosts, certificates.server))
    return replace(one, certificate=certificate, private_key=private_key)


def _files(pair: Pair) -> tuple[FileRef, FileRef]:
    return FileRef(path=str(pair.certificate)), FileRef(path=str(pair.private_key))


def _upstream(upstream: Upstream, address: Address, certificates: Certificates) -> Upstream:
    return replace(upstream, host=address[0], port=address[1], transport=_transport(upstream.transport, certificates))


def _transport(transport: PlainText | VerifiedTls, certificates: Certificates) -> PlainText | VerifiedTls:
    if isinstance(transport, PlainText):
        return transport
    certificate, private_key = _files(certificates.client)
    client = transport.client and ClientCertificate(certificate=certificate, private_key=private_key)
    return replace(transport, ca=FileRef(path=str(certificates.ca)), client=client)


def _store(store: Store, redis: Redis | None) -> Store:
    own, service = redis or store.redis, store.rate_limit_service
    if own is not None and redis is None:
        own = replace(own, host="127.0.0.1", port=second_port(), tls=None, username=None, password_file=None)
    if service is not None:
        service = replace(service, host="127.0.0.1", port=second_port(), tls=None)
    return replace(store, redis=own, rate_limit_service=service)


def _jwt(control: Jwt, provider: IdentityProvider, sources: Mapping[str, KeySource]) -> Jwt:
    if control.scheme in sources:
        return replace(control, source=sources[control.scheme])
    if not isinstance(control.source, FileKeys):
        raise ValueError(f"{control.scheme}: no place was given for keys that are not part of the output")  # noqa: TRY004 - of a policy, not of a caller
    return replace(control, source=FileKeys(keys=provider.keys_for(control)))
