"""Gateways of the Lua host that count together, and what may stand where their Redis is."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from gwc.backends.base import Output
from gwc.backends.kong.openresty import openresty_output
from gwc.controls.store import Redis, Store
from gwc.ir import Gateway
from gwc.local.certificates import Certificates, Pair, write_certificates
from gwc.local.echo import echo
from gwc.local.localise import localise
from gwc.local.processes import Running, openresty, started
from tests.conformance.conformance_hosts import require
from tests.lua.traffic import request
from tests.support.requests import Offer, exchange
from tests.support.sample import NO_BODY, PUBLIC, address_limit, gateway, operation
from tests.support.tokens import identity_provider

DECLARED_S = 1.5
"""The longest that a request waits for a store that does not answer (1 s, see gwc.redis), and what the test itself takes."""


def plain_redis(port: int) -> Redis:
    return Redis(host="127.0.0.1", port=port, tls=None, username=None, password_file=None, prefix="gwc:orders:")


def limited(redis: Redis, *, limit: int = 1, window_s: int = 3600, burst: int = 37) -> Gateway:
    """`/deny` and `/allow` are counted in the store, `/own` in the gateway, `/free` nowhere."""
    names = ("allow", "deny", "free", "own")
    operations = tuple(operation("GET", f"/{n}", PUBLIC, NO_BODY, f"o.{n}") for n in names)
    failures = {"allow": "allow", "deny": "deny", "own": None}
    limits = tuple(
        replace(address_limit(id=n, limit=limit, window_s=window_s, burst=burst, operations=(f"o.{n}",)), store_failure=f)
        for n, f in failures.items()
    )
    return gateway(
        operations=operations,
        rate_limits=limits,
        store=(Store(redis=redis, rate_limit_service=None),),
        jwts=(),
        api_keys=(),
        basics=(),
        mutual_tls=(),
        consumers=(),
        rules=(),
    )


@dataclass(frozen=True)
class Site:
    """A running gateway."""

    running: Running

    def ask(self, path: str) -> tuple[int, str]:
        """Status and reason."""
        answer = exchange(self.running.port, request("", f"GET /{path}").raw, Offer("api.test"))
        return answer.status, answer.problem().get("reason", "allowed")

    def timed(self, path: str) -> tuple[int, str, float]:
        """And how long it took in seconds."""
        before = time.monotonic()
        return (*self.ask(path), time.monotonic() - before)

    def says(self, pattern: str) -> bool:
        """Whether the log has this, or has it soon: it is written behind the answer."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if re.search(pattern, self.running.complaints()):
                return True
            time.sleep(0.02)
        return False

    def at_once(self, path: str, count: int) -> list[int]:
        """The statuses of so many requests at the same time."""
        with ThreadPoolExecutor(count) as pool:
            return sorted(status for status, _ in pool.map(lambda _: self.ask(path), range(count)))


@contextmanager
def site(
    source: Gateway, folder: Path, *, workers: int = 2, certificates: Certificates | None = None, upstream_port: int | None = None
) -> Iterator[Site]:
    """A gateway with so many workers in front of an echo, or of what listens on `upstream_port`."""
    require("openresty")
    require("redis")
    certificates = certificates or write_certificates(folder / "tls", source.host_names.names, ())
    with ExitStack() as stack:
        upstream = stack.enter_context(echo(None, None))
        addresses = {u.name: ("127.0.0.1", upstream_port or upstream.port) for u in source.upstreams}
        redis = source.store[0].redis
        local = localise(source, port=1, certificates=certificates, upstreams=addresses, provider=identity_provider(), redis=redis)

        def compiled(port: int, _: Path) -> Output:
            output = openresty_output(replace(local, listener_tls=replace(local.listener_tls, port=port)))
            text = output.files["nginx.conf"].decode().replace("worker_processes 2;", f"worker_processes {workers};")
            return replace(output, files={**output.files, "nginx.conf": text.encode()})

        name = source.host_names.names[0]
        yield Site(stack.enter_context(started(openresty(), compiled, folder, server_name=name, ca=certificates.ca)))


@dataclass
class Impostor:
    """What listens where Redis should: `behave(connection)` gets each connection once a command has come."""

    port: int
    behave: Callable[[socket.socket], None]
    connections: int = 0
    commands: list[bytes] = field(default_factory=list)


@contextmanager
def impostor(pair: Pair | None = None) -> Iterator[Impostor]:
    """A server that closes at once, until it is told to do something else; with TLS, when it has a certificate."""
    context = None
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.private_key)
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        made = Impostor(server.getsockname()[1], lambda _: None)
        threading.Thread(target=_serve, args=(server, made, context), daemon=True).start()
        yield made


def _serve(server: socket.socket, made: Impostor, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        made.connections += 1
        threading.Thread(target=_answer, args=(connection, made, context), daemon=True).start()


def _answer(connection: socket.socket, made: Impostor, context: ssl.SSLContext | None) -> None:
    with connection, suppress(OSError), ExitStack() as stack:
        talking = stack.enter_context(context.wrap_socket(connection, server_side=True)) if context is not None else connection
        made.commands.append(talking.recv(65536))
        made.behave(talking)
