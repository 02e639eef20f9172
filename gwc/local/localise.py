"""Makes a policy for another machine run on this one, with everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gwc.controls.jwt import Jwt
from gwc.controls.listener_tls import FileRef, ListenerTls
from gwc.controls.upstream import ClientCertificate, PlainText, Upstream, VerifiedTls
from gwc.ir.gateway import Gateway
from gwc.local.certificates import Certificates, Pair
from gwc.local.identity_provider import IdentityProvider

Address = tuple[str, int]


def localise(
    gateway: Gateway, *, port: int, certificates: Certificates, upstreams: Mapping[str, Address], provider: IdentityProvider
) -> Gateway:
    """The gateway on 127.0.0.1:`port`, with throw-away certificates, token keys of `provider`, and each named upstream at its address.

    Verified upstreams stay verified, under the same name, by the throw-away CA.
    """
    return replace(
        gateway,
        listener_tls=_listener(gateway.listener_tls, port, certificates.server),
        upstreams=tuple(_upstream(u, upstreams[u.name], certificates) for u in gateway.upstreams),
        jwts=tuple(_jwt(j, provider) for j in gateway.jwts),
    )


def upstream_names(gateway: Gateway) -> tuple[str, ...]:
    """The names that certificates of the upstreams must have."""
    return tuple(sorted({u.transport.server_name for u in gateway.upstreams if isinstance(u.transport, VerifiedTls)}))


def _listener(listener: ListenerTls, port: int, server: Pair) -> ListenerTls:
    certificate, private_key = _files(server)
    return replace(listener, address="127.0.0.1", port=port, certificate=certificate, private_key=private_key)


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


def _jwt(control: Jwt, provider: IdentityProvider) -> Jwt:
    return replace(control, keys=provider.keys_for(control))
