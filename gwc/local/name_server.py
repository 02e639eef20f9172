"""A DNS responder on loopback (RFC 1035, UDP only), for gateways that insist on a resolver."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

ADDRESS = "127.0.0.1"
TTL_S = 1
_HEADER = struct.Struct("!6H")
_A, _INTERNET = 1, 1
_NO_ERROR, _SERVER_FAILURE, _NO_SUCH_NAME = 0, 2, 3

Mood = Literal["good", "silent", "failing"]


@dataclass(slots=True)
class NameServer:
    """A running responder. `names` (lower case, without the last dot) may be changed while it runs.

    `mood` is `good`, `silent` (no answer at all) or `failing` (SERVFAIL). `asked` grows by one (name, query type) per query.
    """

    port: int
    names: dict[str, str]
    mood: Mood = "good"
    asked: list[tuple[str, int]] = field(default_factory=list)

    def answer(self, query: bytes) -> bytes | None:
        """The response to `query`; None where there is none."""
        question = _question(query)
        if question is None:
            return None
        name, kind, end = question
        self.asked.append((name, kind))
        if self.mood == "silent":
            return None
        return _response(query, end, *self._found(name, kind))

    def _found(self, name: str, kind: int) -> tuple[int, str | None]:
        """The response code and the address, where the name has one of this kind: only IPv4 ones are known."""
        if self.mood == "failing":
            return _SERVER_FAILURE, None
        if name not in self.names:
            return _NO_SUCH_NAME, None
        return _NO_ERROR, self.names[name] if kind == _A else None


@contextmanager
def name_server(names: Mapping[str, str] | tuple[str, ...]) -> Iterator[NameServer]:
    """A responder on a free loopback port that knows `names`: with their addresses, or all at 127.0.0.1."""
    known = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, ADDRESS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((ADDRESS, 0))
        running = NameServer(listener.getsockname()[1], {k.lower().rstrip("."): v for k, v in known.items()})
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(running, listener, ended), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            ended.set()
            _wake(running.port)
            thread.join()


def _serve(running: NameServer, listener: socket.socket, ended: threading.Event) -> None:
    while not ended.is_set():
        query, client = listener.recvfrom(4096)
        response = running.answer(query)
        if response is not None:
            listener.sendto(response, client)


def _wake(port: int) -> None:
    """An empty datagram: a blocked `recvfrom` returns, and it is no query."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"", (ADDRESS, port))


def _question(query: bytes) -> tuple[str, int, int] | None:
    """Name, type and end of the only question of a standard query; None when it is not one."""
    try:
        _, flags, questions, *_ = _HEADER.unpack_from(query)
        labels, at = [], _HEADER.size
        while (size := query[at]) != 0:
            labels.append(query[at + 1 : at + 1 + size].decode("ascii").lower())
            at += 1 + size
        kind, network = struct.unpack_from("!2H", query, at + 1)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    standard = flags & 0xF800 == 0 and questions == 1 and network == _INTERNET
    return (".".join(labels), kind, at + 5) if standard and all(len(x) < 64 for x in labels) else None


def _response(query: bytes, end: int, code: int, address: str | None) -> bytes:
    """The question repeated and, with `address`, one A record whose name points at it."""
    number, flags, *_ = _HEADER.unpack_from(query)
    head = _HEADER.pack(number, 0x8480 | flags & 0x0100 | code, 1, int(address is not None), 0, 0)
    record = b"" if address is None else struct.pack("!3HIH", 0xC00C, _A, _INTERNET, TTL_S, 4) + socket.inet_aton(address)
    return head + query[_HEADER.size : end] + record
