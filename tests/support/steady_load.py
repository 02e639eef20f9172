"""Clients that never stop: kept connections, connections that pause, and new ones. Whatever is not an expected answer is a failure.

A client follows the protocol: after an answer with `Connection: close` it opens another connection. A connection that ends in any other way
under a request, or a refused handshake, is a failed request.
"""

from __future__ import annotations

import multiprocessing
import random
import re
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from typing import Any

BUSY, PAUSING = 8, 3
"""Connections of a client process: without a pause between requests, and with one."""
FRESH_AFTER = 120
"""A busy connection is closed after about so many requests, and another one is opened."""
LONGEST_PAUSE_S = 4.0
_TIMEOUT_S = 30.0

Expected = Mapping[bytes, frozenset[bytes]]
"""Requests as they are sent, and the answers that are right: status and body, `200 text`; of a problem the reason, `404 route.unknown`."""


@dataclass(slots=True)
class Tally:
    """What came of a load. `answers`: how often each answer came; `failures`: the first ones, with their time."""

    answers: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.answers.total()

    def add(self, other: Tally) -> None:
        self.answers += other.answers
        self.connections += other.connections
        self.failed += other.failed
        self.failures += other.failures

    def fail(self, what: str) -> None:
        self.failed += 1
        if len(self.failures) < 20:
            self.failures.append(f"{time.monotonic():.3f} {what}")


@dataclass(frozen=True, slots=True)
class Load:
    """A load that runs. `sent` grows."""

    sent: Synchronized[int]
    total: Tally


@contextmanager
def steady_load(port: int, server_name: str, expected: Expected, *, processes: int = 2, seed: int = 1) -> Iterator[Load]:
    """Runs clients while the block runs; afterwards `total` has everything."""
    context = multiprocessing.get_context("spawn")
    sent, stop, results = context.Value("q", 0), context.Event(), context.Queue()
    load = Load(sent, Tally())
    clients = [
        context.Process(target=_run, args=(port, server_name, dict(expected), seed * 100 + n, sent, stop, results), daemon=True)
        for n in range(processes)
    ]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        stop.set()
        for _ in clients:
            load.total.add(results.get(timeout=_TIMEOUT_S + 30))
        for client in clients:
            client.join(_TIMEOUT_S)


def _run(port: int, server_name: str, expected: Expected, seed: int, sent: Synchronized[int], stop: Event, results: Any) -> None:
    client = _Client(port, server_name, expected, random.Random(seed))
    while not stop.is_set():
        done = client.round()
        with sent.get_lock():
            sent.value += done
    results.put(client.tally)


class _Client:
    def __init__(self, port: int, server_name: str, expected: Expected, rng: random.Random) -> None:
        self.address, self.server_name, self.rng = ("127.0.0.1", port), server_name, rng
        self.requests, self.expected, self.tally = list(expected), expected, Tally()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.busy: list[ssl.SSLSocket | None] = [None] * BUSY
        self.pausing: list[ssl.SSLSocket | None] = [None] * PAUSING
        self.due = [0.0] * PAUSING

    def round(self) -> int:
        """One request on every busy connection at once, and on each pausing one whose pause is over; how many were sent."""
        self._exchange(self.busy, range(BUSY))
        now = time.monotonic()
        rested = [n for n in range(PAUSING) if self.due[n] <= now]
        self._exchange(self.pausing, rested)
        for n in rested:
            self.due[n] = time.monotonic() + self.rng.uniform(0.05, LONGEST_PAUSE_S)
        for n in range(BUSY):
            if self.rng.random() < 1 / FRESH_AFTER:
                self._close(self.busy, n)
        return BUSY + len(rested)

    def _exchange(self, pool: list[ssl.SSLSocket | None], which: Sequence[int] | range) -> None:
        asked = {n: self.rng.choice(self.requests) for n in which}
        for n, request in asked.items():
            self._send(pool, n, request)
        for n, request in asked.items():
            self._receive(pool, n, request)

    def _send(self, pool: list[ssl.SSLSocket | None], n: int, request: bytes) -> None:
        try:
            if pool[n] is None:
                pool[n] = self._open()
            pool[n].sendall(request)  # type: ignore[union-attr]
        except OSError as error:
            self.tally.fail(f"sending: {error!r}")
            self._close(pool, n)

    def _open(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self.address, _TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tally.connections += 1
        return self.context.wrap_socket(plain, server_hostname=self.server_name)

    def _receive(self, pool: list[ssl.SSLSocket | None], n: int, request: bytes) -> None:
        connection = pool[n]
        if connection is None:
            return
        try:
            head, body = _answer(connection)
        except OSError as error:
            self.tally.fail(f"receiving: {error!r}")
            self._close(pool, n)
            return
        self._judge(request, _named(head, body))
        if b"\r\nconnection: close" in head.lower():
            self._close(pool, n)

    def _judge(self, request: bytes, found: bytes) -> None:
        self.tally.answers[found[:60].decode("latin-1")] += 1
        if found not in self.expected[request]:
            self.tally.fail(f"{request.partition(b' HTTP')[0]!r}: {found[:200]!r}")

    def _close(self, pool: list[ssl.SSLSocket | None], n: int) -> None:
        with suppress(OSError):
            if pool[n] is not None:
                pool[n].close()  # type: ignore[union-attr]
        pool[n] = None


def _answer(connection: ssl.SSLSocket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if length is None:
        raise ConnectionError(f"an answer without a length: {head[:200]!r}")
    while len(body) < int(length[1]):
        body += _more(connection)
    return head, body


def _more(connection: ssl.SSLSocket) -> bytes:
    if not (data := connection.recv(65536)):
        raise ConnectionError("closed")
    return data


def _named(head: bytes, body: bytes) -> bytes:
    status = head[9:12]
    reason = re.search(rb'"reason": ?"([A-Za-z.]+)"', body) if b"application/problem+json" in head else None
    return status + b" " + (reason[1] if reason else body)
