"""Measured admission: what a gateway admits over time, compared with the bucket of the control, whatever the moment was at which it counted."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwc.backends.base import Output
from gwc.controls.rate_limit import RateLimit
from gwc.ir import Gateway
from gwc.local.certificates import write_certificates
from gwc.local.echo import echo
from gwc.local.localise import localise, upstream_names
from gwc.local.processes import Program, Running, started
from tests.support.harness import compile_for, program
from tests.support.requests import Offer
from tests.support.tokens import identity_provider

SLACK_TOKENS = 1.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_WORKERS = {"nginx": b"worker_processes auto;", "openresty": b"worker_processes 2;"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: it was counted some time between the two moments (of one monotonic clock, in seconds). `status`: 200 or 429."""

    key: str
    sent_s: float
    received_s: float
    status: int


@contextmanager
def counting(host: str, source: Gateway, folder: Path, workers: int) -> Iterator[Running]:
    """The gateway `host` with so many workers, in front of an upstream that answers at once."""
    certificates = write_certificates(folder / "tls", source.host_names.names, upstream_names(source))
    with echo(None, None) as upstream:
        addresses = {u.name: ("127.0.0.1", upstream.port) for u in source.upstreams}
        local = localise(source, port=1, certificates=certificates, upstreams=addresses, provider=identity_provider())

        def compiled(port: int, place: Path) -> Output:
            return _with_workers(host, compile_for(host, local, port, place), workers)

        name = source.host_names.names[0]
        with started(_program(host, workers), compiled, folder, server_name=name, ca=certificates.ca) as running:
            yield running


def _with_workers(host: str, output: Output, workers: int) -> Output:
    if host not in _WORKERS:
        return output
    text = output.files["nginx.conf"]
    assert _WORKERS[host] in text
    changed = text.replace(_WORKERS[host], b"worker_processes %d;" % workers)
    return replace(output, files={**output.files, "nginx.conf": changed})


def _program(host: str, workers: int) -> Program:
    known = program(host)
    if host in _WORKERS:
        return known
    return replace(known, command=lambda folder: _with_concurrency(known.command(folder), workers))


def _with_concurrency(command: list[str], workers: int) -> list[str]:
    at = command.index("--concurrency")
    return [*command[: at + 1], str(workers), *command[at + 2 :]]


# --- asking ---------------------------------------------------------------------------------------------------------------


def ask(port: int, requests: Sequence[tuple[str, bytes]], connections: int, sni: str = "api.test") -> list[Seen]:
    """Sends (key, request) over so many connections, which are all open before the first request: one by one on each, at once on all of them."""
    return asyncio.run(_ask(port, requests, connections, sni))


def ask_for(port: int, key: str, request: bytes, seconds: float, sni: str = "api.test") -> list[Seen]:
    """Sends the request one after the other, as fast as answers come, for so long."""
    return asyncio.run(_ask_for(port, key, request, seconds, sni))


async def _ask(port: int, requests: Sequence[tuple[str, bytes]], connections: int, sni: str) -> list[Seen]:
    clients = [_Client(port, sni) for _ in range(connections)]
    for some in (clients[n : n + 20] for n in range(0, connections, 20)):
        await asyncio.gather(*(client.open() for client in some))
    found = await asyncio.gather(*(client.ask_all(requests[n::connections]) for n, client in enumerate(clients)))
    for client in clients:
        await client.close()
    return [seen for some in found for seen in some]


async def _ask_for(port: int, key: str, request: bytes, seconds: float, sni: str) -> list[Seen]:
    client, found = _Client(port, sni), []
    await client.open()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found += await client.ask_all([(key, request)])
    await client.close()
    return found


class _Client:
    """A connection that is opened anew when the gateway has closed it after an answer."""

    def __init__(self, port: int, sni: str) -> None:
        self._port, self._sni = port, sni

    async def open(self) -> None:
        context: ssl.SSLContext = Offer(self._sni).context()
        opened = asyncio.open_connection("127.0.0.1", self._port, ssl=context, server_hostname=self._sni, ssl_handshake_timeout=60)
        self._reader, self._writer = await opened

    async def close(self) -> None:
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def ask_all(self, requests: Sequence[tuple[str, bytes]]) -> list[Seen]:
        return [await self._ask_one(key, request) for key, request in requests]

    async def _ask_one(self, key: str, request: bytes) -> Seen:
        if self._reader.at_eof():  # closed while the others were opened: gateways wait ten seconds for a request
            await self.open()
        sent_s = time.monotonic()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length, head
        await self._reader.readexactly(int(length[1]))
        received_s = time.monotonic()
        if b"\r\nconnection: close" in head.lower():
            await self.close()
            await self.open()
        return Seen(key, sent_s, received_s, int(head[9:12]))


# --- comparing ------------------------------------------------------------------------------------------------------------


def disagreements(limit: RateLimit, seen: Sequence[Seen], cost: int = 1, slack: float = SLACK_TOKENS) -> list[str]:
    """Where more was admitted than the bucket holds, or something refused that it has tokens for, by more than `slack` tokens."""
    wrong = [f"{one.key}: answered {one.status}" for one in seen if one.status not in (200, 429)]
    by_key: dict[str, list[Seen]] = {}
    for one in seen:
        by_key.setdefault(one.key, []).append(one)
    for key, some in by_key.items():
        admitted = [one for one in some if one.status == 200]
        over = _most_beyond(limit, admitted, cost)
        if over > slack:
            wrong.append(f"{key}: {over:.2f} tokens more than the bucket had")
        spare = max((_least_left(limit, admitted, one, cost) - cost for one in some if one.status == 429), default=0.0)
        if spare >= slack:
            wrong.append(f"{key}: refused with {spare + cost:.2f} tokens in the bucket")
    return wrong


def _most_beyond(limit: RateLimit, admitted: Sequence[Seen], cost: int) -> float:
    """How much the admitted requests of any stretch of time took beyond a full bucket and what came back in the longest that it can have been."""
    most, start = 0.0, float("inf")
    by_sent, by_received = sorted(one.sent_s for one in admitted), sorted(one.received_s for one in admitted)
    for n, (sent_s, received_s) in enumerate(zip(by_sent, by_received, strict=True)):
        start = min(start, cost * n - sent_s / limit.seconds_per_token)
        most = max(most, cost * (n + 1) - received_s / limit.seconds_per_token - start - limit.burst)
    return most


def _least_left(limit: RateLimit, admitted: Sequence[Seen], refused: Seen, cost: int) -> float:
    """The fewest tokens that can have been there: all that may have been admitted before were, as late as can be."""
    least = float(limit.burst)
    before = sorted((one.received_s for one in admitted if one.sent_s <= refused.received_s), reverse=True)
    for taken, received_s in enumerate(before, 1):
        refilled = max(0.0, refused.sent_s - received_s) / limit.seconds_per_token
        least = min(least, limit.burst - cost * taken + refilled)
    return max(0.0, least)
