"""What the gateways are compared with: a bare proxy of the same binary, and an upstream that is never the bottleneck."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.load import HOST
from gwc.backends.base import Output
from gwc.local import processes
from gwc.local.certificates import Certificates

_ECHO = b"function answer(r) { r.return(200, r.method + ' ' + r.variables.request_uri); }\nexport default { answer };\n"


@contextmanager
def echo(folder: Path, certificates: Certificates) -> Iterator[int]:
    """The port of an upstream: NGINX that answers with method and target, after it has read the body (Envoy ends connections otherwise)."""
    ports: list[int] = []

    def config(port: int, _: Path) -> Output:
        plain = processes.free_port()
        ports.append(plain)
        answer = 'error_page 418 = @body; if ($request_method = POST) { return 418; } return 200 "$request_method $request_uri";'
        server = (
            f"listen 127.0.0.1:{plain}; client_max_body_size 10m; location / {{ {answer} }} location @body {{ js_content echo.answer; }}"
        )
        script = "js_path .; js_import echo from echo.js; access_log off; keepalive_requests 1000000;"
        output = _nginx(port, certificates, f"{script} server {{ {server} }}", "return 200;")
        return replace(output, files={**output.files, "echo.js": _ECHO})

    program = replace(processes.nginx(), name="echo")
    with processes.started(program, config, folder, server_name=HOST, ca=certificates.ca):
        yield ports[-1]


def bare_nginx(port: int, upstream_port: int, certificates: Certificates) -> Output:
    """TLS, a kept connection to the upstream and NGINX's own access log; nothing is decided."""
    upstream = f"upstream be {{ server 127.0.0.1:{upstream_port}; keepalive 32; }} access_log /dev/stdout; keepalive_requests 1000;"
    return _nginx(port, certificates, upstream, 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://be;')


def _nginx(port: int, certificates: Certificates, http: str, location: str) -> Output:
    text = (
        "worker_processes 1; pid nginx.pid; error_log /dev/stderr warn; events { worker_connections 1024; }\n"
        f"http {{ client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; {http}\n"
        f"server {{ listen 127.0.0.1:{port} ssl; server_name {HOST}; ssl_certificate {certificates.server.certificate};"
        f" ssl_certificate_key {certificates.server.private_key}; location / {{ {location} }} }} }}\n"
    )
    return Output({"nginx.conf": text.encode()}, ())


def bare_envoy(port: int, upstream_port: int, certificates: Certificates) -> Output:
    """TLS, one route to the upstream and Envoy's own access log; nothing is decided."""
    prefix = "type.googleapis.com/envoy.extensions."
    pair = {
        "certificate_chain": {"filename": str(certificates.server.certificate)},
        "private_key": {"filename": str(certificates.server.private_key)},
    }
    manager = {
        "@type": prefix + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bare",
        "access_log": [{"name": "stdout", "typed_config": {"@type": prefix + "access_loggers.stream.v3.StdoutAccessLog"}}],
        "route_config": {
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "be"}}]}]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": prefix + "filters.http.router.v3.Router"}}],
    }
    tls = {"@type": prefix + "transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": {"tls_certificates": [pair]}}
    chain = {"filters": [{"name": "hcm", "typed_config": manager}], "transport_socket": {"name": "tls", "typed_config": tls}}
    endpoint = {"endpoint": {"address": _loopback(upstream_port)}}
    cluster = {"name": "be", "type": "STATIC", "load_assignment": {"cluster_name": "be", "endpoints": [{"lb_endpoints": [endpoint]}]}}
    document = {"static_resources": {"listeners": [{"address": _loopback(port), "filter_chains": [chain]}], "clusters": [cluster]}}
    return Output({"envoy.json": json.dumps(document).encode()}, ())


def _loopback(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
