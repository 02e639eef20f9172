"""Gateway CPU per request over all operations of a large document, divided by a bare proxy of the same binary.

Rounds of both gateways alternate; a round counts only when every reply is the upstream's echo of exactly its target.
CPU is what the kernel accounts to all threads of the gateway's processes, in nanoseconds (/proc/<pid>/task/*/schedstat).
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import gwc.backends.envoy
import gwc.backends.nginx
from gwc.backends.base import Output
from gwc.controls.security import Security
from gwc.ir import Gateway, Operation
from gwc.local import processes
from gwc.local.certificates import Certificates, write_certificates
from gwc.local.identity_provider import IdentityProvider
from gwc.local.localise import localise
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put

HOST = "api.test"
REQUESTS_PER_CONNECTION = 400


@dataclass(frozen=True, slots=True)
class Target:
    """A method and a raw target that an operation answers to."""

    method: str
    path: str


def targets(gateway: Gateway) -> list[Target]:
    """One request for each operation (an answer to HEAD has no body to check)."""
    return [
        Target(o.route.method, re.sub(r"\{[^{}]*\}", "v1", o.route.template.text)) for o in gateway.operations if o.route.method != "HEAD"
    ]


def measure(document: Path, rounds: int = 8) -> list[dict[str, object]]:
    """A row per gateway: medians of microseconds per request and of the ratio, round by round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "source").mkdir()
        gateway = _without_credentials(compile_policy(put(document, folder / "source"), root=folder / "source").gateway)
        certificates = write_certificates(folder / "tls", [HOST], [])
        upstream_port = stack.enter_context(_echo(folder, certificates))
        return [_row(kind, gateway, certificates, upstream_port, folder, rounds) for kind in ("nginx", "envoy")]


def _row(kind: str, gateway: Gateway, certificates: Certificates, upstream_port: int, folder: Path, rounds: int) -> dict[str, object]:
    program = {"nginx": processes.nginx, "envoy": processes.envoy}[kind]()
    bare = {"nginx": _bare_nginx, "envoy": _bare_envoy}[kind]
    backend: Any = {"nginx": gwc.backends.nginx, "envoy": gwc.backends.envoy}[kind]
    provider = IdentityProvider()

    def compiled(port: int, _: Path) -> Output:
        addresses = {u.name: ("127.0.0.1", upstream_port) for u in gateway.upstreams}
        output: Output = backend.compile(localise(gateway, port=port, certificates=certificates, upstreams=addresses, provider=provider))
        return output

    with ExitStack() as stack:
        start = lambda name, make: stack.enter_context(  # noqa: E731
            processes.started(replace(program, name=f"{kind}-{name}"), make, folder, server_name=HOST, ca=certificates.ca)
        )
        ours = start("gwc", compiled)
        plain = start("bare", lambda port, _: bare(port, upstream_port, certificates))
        wanted = targets(gateway)
        pairs = [(_round(ours, wanted), _round(plain, wanted)) for _ in range(rounds + 1)][1:]
    return {
        "gateway": kind,
        "operations": len(gateway.operations),
        "requests_per_round": len(wanted),
        "rounds": len(pairs),
        "gwc_us": round(median(a for a, _ in pairs), 1),
        "bare_us": round(median(b for _, b in pairs), 1),
        "ratio": round(median(a / b for a, b in pairs), 2),
    }


def _without_credentials(gateway: Gateway) -> Gateway:
    """Routing alone: every operation public and callable without a body. The decisions of phases 5 to 8 are not what is measured."""

    def opened(operation: Operation) -> Operation:
        return replace(operation, security=Security(alternatives=()), body=replace(operation.body, required=False))

    return replace(gateway, operations=tuple(opened(o) for o in gateway.operations), rate_limits=())


def _round(running: processes.Running, wanted: list[Target]) -> float:
    """Microseconds of CPU per request of one round. Raises RuntimeError for a reply that is not the upstream's."""
    before = _cpu_ns(running.pid)
    for start in range(0, len(wanted), REQUESTS_PER_CONNECTION):
        _send(running.port, wanted[start : start + REQUESTS_PER_CONNECTION])
    return (_cpu_ns(running.pid) - before) / 1000 / len(wanted)


def _send(port: int, wanted: list[Target]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain, server_hostname=HOST) as connection:
        for target in wanted:
            connection.sendall(f"{target.method} {target.path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            _expect_echo(connection, target)


def _expect_echo(connection: ssl.SSLSocket, target: Target) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += _more(connection)
    if not head.startswith(b"HTTP/1.1 200") or body != f"{target.method} {target.path}".encode():
        raise RuntimeError(f"{target}: {head[:200]!r} {body[:200]!r}")


def _more(connection: ssl.SSLSocket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("the connection was closed")
    return data


def _cpu_ns(pid: int) -> int:
    """Nanoseconds of CPU of all threads of the process and its children."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
        total += sum(_cpu_ns(int(child)) for child in (task / "children").read_text().split())
    return total


@contextmanager
def _echo(folder: Path, certificates: Certificates) -> Iterator[int]:
    """An upstream that is never the bottleneck: NGINX that answers with method and target."""
    ports: list[int] = []

    def config(port: int, _: Path) -> Output:
        plain = processes.free_port()
        ports.append(plain)
        server = f'listen 127.0.0.1:{plain}; location / {{ return 200 "$request_method $request_uri"; }}'
        return _nginx(port, certificates, f"access_log off; keepalive_requests 1000000; server {{ {server} }}", "return 200;")

    program = replace(processes.nginx(), name="echo")
    with processes.started(program, config, folder, server_name=HOST, ca=certificates.ca):
        yield ports[-1]


def _nginx(port: int, certificates: Certificates, http: str, location: str) -> Output:
    text = (
        "worker_processes 1; pid nginx.pid; error_log /dev/stderr warn; events { worker_connections 1024; }\n"
        f"http {{ client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; {http}\n"
        f"server {{ listen 127.0.0.1:{port} ssl; server_name {HOST}; ssl_certificate {certificates.server.certificate};"
        f" ssl_certificate_key {certificates.server.private_key}; location / {{ {location} }} }} }}\n"
    )
    return Output({"nginx.conf": text.encode()}, ())


def _bare_nginx(port: int, upstream_port: int, certificates: Certificates) -> Output:
    upstream = f"upstream be {{ server 127.0.0.1:{upstream_port}; keepalive 32; }} access_log /dev/stdout; keepalive_requests 1000;"
    return _nginx(port, certificates, upstream, 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://be;')


def _bare_envoy(port: int, upstream_port: int, certificates: Certificates) -> Output:
    prefix = "type.googleapis.com/envoy.extensions."
    socket_address = lambda p: {"socket_address": {"address": "127.0.0.1", "port_value": p}}  # noqa: E731
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
    endpoint = {"endpoint": {"address": socket_address(upstream_port)}}
    cluster = {"name": "be", "type": "STATIC", "load_assignment": {"cluster_name": "be", "endpoints": [{"lb_endpoints": [endpoint]}]}}
    document = {"static_resources": {"listeners": [{"address": socket_address(port), "filter_chains": [chain]}], "clusters": [cluster]}}
    return Output({"envoy.json": json.dumps(document).encode()}, ())


if os.name != "posix":
    raise ImportError("the accounting of CPU is Linux's")
