"""Gateway CPU per request over TLS, divided by the same without: two listeners of one process, of which one is edited to speak plain text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bench.load import HOST, connected, plainly_connected
from bench.pair import KINDS, Setting, started_compiled
from bench.with_without import compared, gateway, kept, new, setting
from gwc.backends.base import Output
from gwc.local import processes


def measure() -> Iterator[dict[str, object]]:
    """A row per gateway, for kept connections and for new ones."""
    with setting() as common:
        for kind in KINDS:
            yield from _rows(kind, common)


def _rows(kind: str, common: Setting) -> Iterator[dict[str, object]]:
    plain = processes.second_port()
    with started_compiled(kind, "tls", gateway(), common, lambda output, port: _EDITS[kind](output, port, plain)) as running:
        for series, measured in (("TLS, kept connection", kept), ("TLS, new connections", new)):
            found = compared(
                lambda m=measured: m(running, running.port, connected), lambda m=measured: m(running, plain, plainly_connected)
            )
            yield {"gateway": kind, "series": series, **found}


def _nginx(output: Output, port: int, plain: int) -> Output:
    """Nobody has said a name in a handshake: the one of the request counts twice."""
    text = output.files["nginx.conf"].decode()
    listen, names = f"listen 127.0.0.1:{port} ssl;", 'map "$ssl_server_name $host"'
    assert (text.count(listen), text.count(names)) == (1, 1), "nginx.conf has another form"
    text = text.replace(listen, f"{listen} listen 127.0.0.1:{plain};").replace(names, 'map "$host $host"')
    return replace(output, files={**output.files, "nginx.conf": text.encode()})


def _envoy(output: Output, _port: int, plain: int) -> Output:
    document = json.loads(output.files["envoy.json"])
    listeners = document["static_resources"]["listeners"]
    copy = json.loads(json.dumps(listeners[0]).replace("%REQUESTED_SERVER_NAME%", HOST))
    copy["name"], copy["address"]["socket_address"]["port_value"] = "plain", plain
    copy.pop("listener_filters")
    for chain in copy["filter_chains"]:
        del chain["transport_socket"], chain["filter_chain_match"]
    listeners.append(copy)
    return replace(output, files={**output.files, "envoy.json": json.dumps(document).encode()})


_EDITS: Mapping[str, Callable[[Output, int, int], Output]] = {"nginx": _nginx, "envoy": _envoy}
