"""Upstreams: a cluster each. TLS means a CA and the exact DNS name: a CA alone would accept every certificate that it signed."""

from __future__ import annotations

from ipaddress import ip_address

from gwc.backends.envoy.document import Json, extension, typed
from gwc.controls.upstream import Upstream, VerifiedTls

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
        "load_assignment": {"cluster_name": control.name, "endpoints": [{"lb_endpoints": [_endpoint(control)]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol()},
        **({"transport_socket": _tls(control.transport)} if isinstance(control.transport, VerifiedTls) else {}),
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


def _endpoint(control: Upstream) -> Json:
    return {"endpoint": {"address": {"socket_address": {"address": control.host, "port_value": control.port}}}}


def _protocol() -> Json:
    message = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return typed(message, common_http_protocol_options={"idle_timeout": _IDLE}, explicit_http_config={"http_protocol_options": {}})


def _tls(control: VerifiedTls) -> Json:
    name = {"san_type": "DNS", "matcher": {"exact": control.server_name}}
    common: Json = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "validation_context": {"trusted_ca": {"filename": control.ca.path}, "match_typed_subject_alt_names": [name]},
    }
    if control.client:
        pair = {
            "certificate_chain": {"filename": control.client.certificate.path},
            "private_key": {"filename": control.client.private_key.path},
        }
        common["tls_certificates"] = [pair]
    message = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return extension("envoy.transport_sockets.tls", message, sni=control.server_name, common_tls_context=common)
