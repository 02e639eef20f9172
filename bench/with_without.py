"""A gateway with a control and the same without it: rounds of both alternate in one run, and each reply must be the upstream's echo."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median

from bench.bare import echo
from bench.load import HOST, Connection, Request, connected, cpu_ns, expect_echo
from bench.pair import Setting
from gwc.ir import Gateway
from gwc.local import processes
from gwc.local.certificates import write_certificates
from gwc.local.identity_provider import IdentityProvider
from tests.support.two_policies import pair

ROUNDS, KEPT, NEW = 10, 300, 60
"""Rounds that count; requests of each, on one connection or on a new connection each."""
REQUEST = Request("GET", "/v1/both", {"X-Caller": "one"})
Open = Callable[[int], AbstractContextManager[Connection]]


def gateway() -> Gateway:
    """A policy with few operations, of which one is public."""
    return pair()[0]


@contextmanager
def setting() -> Iterator[Setting]:
    """Certificates and an upstream for gateways of one benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates = write_certificates(folder / "tls", [HOST], [])
        with echo(folder, certificates) as upstream:
            yield Setting(folder, certificates, IdentityProvider(), upstream)


def kept(running: processes.Running, port: int, opened: Open = connected) -> float:
    """Microseconds of CPU per request on one connection; the handshake and its first request are not counted."""
    with opened(port) as connection:
        expect_echo(connection, REQUEST)
        before = cpu_ns(running.pid)
        for _ in range(KEPT):
            expect_echo(connection, REQUEST)
        return (cpu_ns(running.pid) - before) / 1000 / KEPT


def new(running: processes.Running, port: int, opened: Open = connected) -> float:
    """Microseconds of CPU per request with a connection of its own."""
    before = cpu_ns(running.pid)
    for _ in range(NEW):
        with opened(port) as connection:
            expect_echo(connection, REQUEST)
    return (cpu_ns(running.pid) - before) / 1000 / NEW


def compared(one: Callable[[], float], other: Callable[[], float]) -> dict[str, object]:
    """Medians of both, and of their ratio round by round; the first round warms up."""
    pairs: Sequence[tuple[float, float]] = [(one(), other()) for _ in range(ROUNDS + 1)][1:]
    return {
        "rounds": len(pairs),
        "with_us": round(median(a for a, _ in pairs), 1),
        "without_us": round(median(b for _, b in pairs), 1),
        "ratio": round(median(a / b for a, b in pairs), 2),
    }
