"""Upstreams: a cluster each. TLS means a CA and the exact DNS name: a CA alone would accept every certificate that it signed."""

from __future__ import annotations

from ipaddress import ip_address

from gwc.backends.envoy.document import Json, extension, typed
from gwc.controls.upstream import ClientCertificate, Upstream, VerifiedTls

_IDLE = "30s"
"""Kept connections end before common servers close theirs: there are no retries that would hide the race."""
_BUFFER_BYTES = 1024 * 1024


def emit(control: Upstream) -> Json:
    """The cluster, HTTP/1.1 with keep-alive."""
    return {
        "name": control.name,
        "type": "STATIC" if _is_address(control.host) else "STRICT_DNS",
        "connect_timeout": seconds(control.connect_timeout_ms),
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "load_assignment": {"cluster_name": control.name, "endpoints": [{"lb_endpoints": [_endpoint(control.host, control.port)]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol()},
        **({"transport_socket": _tls_of(control.transport)} if isinstance(control.transport, VerifiedTls) else {}),
    }


def verified(name: str, host: str, port: int, ca: str, *, connect_timeout_ms: int) -> Json:
    """The cluster of another server whose certificate must be for `host`. Every request has a connection, and a handshake, of its own.

    All addresses of the name are tried, one after the other (RFC 8305): by default Envoy would ask at IPv6 ones only, where there are any.
    """
    return {
        "name": name,
        "type": "LOGICAL_DNS",
        "dns_lookup_family": "ALL",
        "connect_timeout": seconds(connect_timeout_ms),
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [_endpoint(host, port)]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(max_requests_per_connection=1)
        },
        "transport_socket": _tls(host, ca, None),
    }


def action(control: Upstream) -> Json:
    """The `route` of an operation: no retries, no rewriting but of Host."""
    return {
        "cluster": control.name,
        "host_rewrite_literal": control.authority,
        "timeout": seconds(control.response_timeout_ms),
        "idle_timeout": seconds(control.response_timeout_ms + 60_000),  # must not be what ends a slow answer
    }


def seconds(ms: int) -> str:
    """A duration in protobuf's JSON form."""
    return f"{ms // 1000}.{ms % 1000:03d}s"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _endpoint(host: str, port: int) -> Json:
    return {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}


def _protocol(**more: int) -> Json:
    message = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    common = {"idle_timeout": _IDLE, **more}
    return typed(message, common_http_protocol_options=common, explicit_http_config={"http_protocol_options": {}})


def _tls_of(transport: VerifiedTls) -> Json:
    return _tls(transport.server_name, transport.ca.path, transport.client)


def _tls(server_name: str, ca: str, client: ClientCertificate | None) -> Json:
    name = {"san_type": "DNS", "matcher": {"exact": server_name}}
    common: Json = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "validation_context": {"trusted_ca": {"filename": ca}, "match_typed_subject_alt_names": [name]},
    }
    if client:
        pair = {"certificate_chain": {"filename": client.certificate.path}, "private_key": {"filename": client.private_key.path}}
        common["tls_certificates"] = [pair]
    message = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return extension("envoy.transport_sockets.tls", message, sni=server_name, common_tls_context=common)
