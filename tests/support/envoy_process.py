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
from gwc.local.certificates import Certificates, Pair, write_certificates
from gwc.local.echo import Echo, echo
from gwc.local.key_sources import KEY_HOST, LocalKeys, local_keys
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Running, envoy, started
from tests.support.requests import Answer, Offer, exchange
from tests.support.tokens import identity_provider

Change = Callable[[Any], None]


@dataclass(frozen=True)
class Bench:
    """A running Envoy, its upstream, and where it has keys from that are not part of the output."""

    gateway: Gateway
    running: Running
    upstream: Echo
    certificates: Certificates
    keys: LocalKeys

    def send(self, raw: bytes, sni: str | None = None, *, source: str = "127.0.0.1", certificate: Pair | None = None) -> Answer:
        """The answer to one request on a connection of its own."""
        offer = Offer(sni=sni or self.gateway.host_names.names[0], source=source, certificate=certificate)
        return exchange(self.running.port, raw, offer, 8)

    def request(
        self,
        method: str,
        target: str,
        *headers: str,
        host: str | None = None,
        body: bytes = b"",
        source: str = "127.0.0.1",
        certificate: Pair | None = None,
    ) -> Answer:
        """The answer to a request with these header lines."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or self.gateway.host_names.names[0]}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body, source=source, certificate=certificate)


@contextmanager
def running(
    gateway: Gateway, folder: Path, *, form: str = "static", change: Change | None = None, upstream_certificate: str = ""
) -> Iterator[Bench]:
    """The gateway on loopback with throw-away keys; `change` edits every document in place before it is written.

    `upstream_certificate` names one of `Certificates`: then the upstream speaks TLS with it.
    """
    certificates = write_certificates(folder / "tls", gateway.host_names.names, (*upstream_names(gateway), KEY_HOST))
    with (
        echo(getattr(certificates, upstream_certificate) if upstream_certificate else None) as upstream,
        local_keys(gateway, identity_provider(), certificates, folder / "keys") as keys,
    ):
        local = _local(gateway, certificates, upstream, keys)
        name = gateway.host_names.names[0]
        with started(envoy(form), _Compiled(local, change), folder, server_name=name, ca=certificates.ca) as process:
            yield Bench(local, process, upstream, certificates, keys)


def _local(gateway: Gateway, certificates: Certificates, upstream: Echo, keys: LocalKeys) -> Gateway:
    addresses = {u.name: ("127.0.0.1", upstream.port) for u in gateway.upstreams}
    provider = identity_provider()
    return localise(gateway, port=1, certificates=certificates, upstreams=addresses, provider=provider, sources=keys.sources)


@dataclass(frozen=True)
class _Compiled:
    gateway: Gateway
    change: Change | None

    def __call__(self, port: int, _: Path) -> Output:
        output = backend.compile(replace(self.gateway, listener_tls=replace(self.gateway.listener_tls, port=port)))
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
