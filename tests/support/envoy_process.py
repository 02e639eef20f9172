"""Runs the compiled Envoy for tests, also with a part of its documents changed: a trap is proven by taking its cure out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gwc.backends import envoy as backend
from gwc.backends.base import Output
from gwc.ir import Gateway
from gwc.local.certificates import Certificates, write_certificates
from gwc.local.echo import Echo, echo
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Running, envoy, started
from tests.support.requests import Answer, Offer, exchange
from tests.support.tokens import identity_provider

Change = Callable[[Any], None]


@dataclass(frozen=True)
class Bench:
    """A running Envoy and its upstream."""

    gateway: Gateway
    running: Running
    upstream: Echo

    def send(self, raw: bytes, sni: str | None = None) -> Answer:
        """The answer to one request on a connection of its own."""
        return exchange(self.running.port, raw, Offer(sni=sni or self.gateway.host_names.names[0]), 5)

    def request(self, method: str, target: str, *headers: str, host: str | None = None, body: bytes = b"") -> Answer:
        """The answer to a request with these header lines."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or self.gateway.host_names.names[0]}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


@contextmanager
def running(
    gateway: Gateway, folder: Path, *, form: str = "static", change: Change | None = None, upstream_certificate: str = ""
) -> Iterator[Bench]:
    """The gateway on loopback with throw-away keys; `change` edits every document in place before it is written.

    `upstream_certificate` names one of `Certificates`: then the upstream speaks TLS with it.
    """
    certificates = write_certificates(folder / "tls", gateway.host_names.names, upstream_names(gateway))
    with echo(getattr(certificates, upstream_certificate) if upstream_certificate else None) as upstream:
        made = _Compiled(gateway, certificates, upstream, change)
        name = gateway.host_names.names[0]
        with started(envoy(form), made, folder, server_name=name, ca=certificates.ca) as process:
            yield Bench(made.local(process.port), process, upstream)


@dataclass(frozen=True)
class _Compiled:
    gateway: Gateway
    certificates: Certificates
    upstream: Echo
    change: Change | None

    def local(self, port: int) -> Gateway:
        addresses = {u.name: ("127.0.0.1", self.upstream.port) for u in self.gateway.upstreams}
        return localise(self.gateway, port=port, certificates=self.certificates, upstreams=addresses, provider=identity_provider())

    def __call__(self, port: int, _: Path) -> Output:
        output = backend.compile(self.local(port))
        return output if self.change is None else changed(output, self.change)


def changed(output: Output, change: Change) -> Output:
    """The output with every document edited."""
    files = {}
    for path, data in output.files.items():
        document = json.loads(data)
        change(document)
        files[path] = json.dumps(document).encode()
    return replace(output, files=files)


def find(tree: Any, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """All objects of a document for which `wanted` holds."""
    found, todo = [], [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if wanted(node):
                found.append(node)
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return found
