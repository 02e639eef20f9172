"""An upstream that remembers each request byte for byte and answers with what it saw.

HTTP/1.1 with keep-alive, in plain text or over TLS, also with a required client certificate. The last segment of the path
can ask for another answer: `status-418`, `slow-1500` (milliseconds before the answer), `close` (no answer at all),
`banner` (an answer with headers that a gateway must deal with), `large` (256 KiB, chunked). Or for a fault: `half-closed` (no answer, and it
goes on reading), and of an answer only the first half, after which it ends the connection (`cut`), resets it (`reset`) or says nothing more (`stall`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gwc.local.certificates import Pair

HEAD_BYTES = 256 * 1024
BODY_BYTES = 64 * 1024 * 1024
REMEMBERED = 10_000
_FAULTS = frozenset({"half-closed", "cut", "reset", "stall"})
_PATIENCE_S = 60
_SENT_S = 0.05
"""Time in which what was written arrives: a reset overtakes it."""
_CLOSED_S = 0.01
"""Time in which transports that were aborted let go of their sockets."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived. Text is latin-1; header names keep their case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body_bytes: int
    body_sha256: str
    client: tuple[str, ...] = ()
    """The DNS names in the certificate that the gateway showed."""

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a header field; `name` in lower case."""
        return tuple(v for k, v in self.headers if k.lower() == name)

    def document(self) -> dict[str, object]:
        """The answer of the upstream."""
        return {
            "method": self.method,
            "target": self.target,
            "headers": [list(h) for h in self.headers],
            "bodyBytes": self.body_bytes,
            "bodySha256": self.body_sha256,
        }


@dataclass(slots=True)
class Echo:
    """A running upstream. `received` grows in the order of arrival; `malformed` counts what was no request."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    malformed: int = 0

    def take(self) -> list[Received]:
        """What arrived since the last call."""
        taken = list(self.received)
        del self.received[: len(taken)]
        return taken


@contextmanager
def echo(server: Pair | None = None, client_ca: str | None = None, *, port: int = 0) -> Iterator[Echo]:
    """An upstream on a loopback port, a free one by default; with `server` over TLS, with `client_ca` only for clients with its certificates."""
    running = Echo(port)
    loop = asyncio.new_event_loop()
    started = loop.run_until_complete(_listen(running, server, client_ca))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(_close(started), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _listen(running: Echo, server: Pair | None, client_ca: str | None) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(running, reader, writer)

    tls = _context(server, client_ca) if server else None
    started = await asyncio.start_server(serve, "127.0.0.1", running.port, ssl=tls, limit=HEAD_BYTES)
    running.port = started.sockets[0].getsockname()[1]
    return started


def _context(server: Pair, client_ca: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.private_key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


async def _close(started: asyncio.Server) -> None:
    started.close()
    others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(_CLOSED_S)


async def _serve(running: Echo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers requests until the peer closes."""
    client = tuple(str(name) for kind, name in (writer.get_extra_info("peercert") or {}).get("subjectAltName", ()) if kind == "DNS")
    try:
        while (request := await _read(running, reader, client)) is not None:
            if len(running.received) < REMEMBERED:
                running.received.append(request)
            if not await _answer(request, writer):
                return
    except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
        return
    except asyncio.CancelledError:
        writer.transport.abort()  # over TLS, closing would wait for the peer
    finally:
        writer.close()


async def _read(running: Echo, reader: asyncio.StreamReader, client: tuple[str, ...]) -> Received | None:
    """The next request; None at the end, or when the bytes are no request."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head[:-4].split("\r\n")
        method, target, protocol = line.split(" ")
        headers = tuple((k, v.strip(" \t")) for k, _, v in (f.partition(":") for f in fields))
        ("HTTP/1.1", "HTTP/1.0").index(protocol)
        size, digest = await _read_body({k.lower(): v for k, v in headers}, reader)
    except (ValueError, asyncio.LimitOverrunError):
        running.malformed += 1
        return None
    except asyncio.IncompleteReadError as e:
        running.malformed += bool(e.partial)
        return None
    return Received(method, target, headers, size, digest, client)


async def _read_body(headers: dict[str, str], reader: asyncio.StreamReader) -> tuple[int, str]:
    """Length and SHA-256 of the body."""
    digest = hashlib.sha256()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(digest, reader), digest.hexdigest()
    size = int(headers.get("content-length", "0"))
    if not 0 <= size <= BODY_BYTES:
        raise ValueError(size)
    left = size
    while left:
        data = await reader.readexactly(min(left, 65536))
        digest.update(data)
        left -= len(data)
    return size, digest.hexdigest()


async def _read_chunks(digest: hashlib._Hash, reader: asyncio.StreamReader) -> int:
    total = 0
    while size := int((await reader.readuntil(b"\r\n"))[:-2].split(b";")[0], 16):
        total += size
        if total > BODY_BYTES:
            raise ValueError(total)
        digest.update(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return total


async def _answer(request: Received, writer: asyncio.StreamWriter) -> bool:
    """Sends the answer that the path asks for; whether the connection stays open."""
    wish = request.target.partition("?")[0].rpartition("/")[2]
    if wish == "close":
        return False
    if wish in _FAULTS:
        await _fail(wish, request, writer)
        return False
    if slow := re.fullmatch(r"slow-([0-9]{1,5})", wish):
        await asyncio.sleep(int(slow[1]) / 1000)
    status = re.fullmatch(r"status-([1-5][0-9]{2})", wish)
    if wish == "large":
        writer.write(_large())
    else:
        extra = "Server: secret/1.0\r\nX-Powered-By: secret\r\nX-Custom: kept\r\n" if wish == "banner" else ""
        writer.write(_document(request, int(status[1]) if status else 200, extra))
    await writer.drain()
    return True


async def _fail(wish: str, request: Received, writer: asyncio.StreamWriter) -> None:
    """What an upstream does that breaks; whoever waits is waited for."""
    if wish == "half-closed":
        writer.write_eof()
    else:
        answer = _document(request, 200, "")
        writer.write(answer[: -(len(answer.partition(b"\r\n\r\n")[2]) // 2)])
        await writer.drain()
    if wish in {"half-closed", "stall"}:
        await asyncio.sleep(_PATIENCE_S)
    if wish == "reset":
        await asyncio.sleep(_SENT_S)
        writer.transport.abort()


def _document(request: Received, status: int, extra: str) -> bytes:
    body = b"" if request.method == "HEAD" or status in {204, 304} else json.dumps(request.document()).encode()
    length = "" if status in {204, 304} else f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} Echo\r\nContent-Type: application/json\r\n{extra}{length}\r\n".encode() + body


def _large() -> bytes:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    return b"HTTP/1.1 200 Echo\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 4 + b"0\r\n\r\n"
