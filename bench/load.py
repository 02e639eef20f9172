"""Requests over TLS, each answer checked, and the CPU that a gateway spends on them.

CPU is what the kernel accounts to all threads of the gateway's processes, in nanoseconds (/proc/<pid>/task/*/schedstat).
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HOST = "api.test"
Connection = socket.socket
"""Plain, or of TLS."""
_HEADER_LINE = "{}: {}\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A method, a raw target that an operation answers to, header fields besides Host, and a body with its length."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def echo(self) -> bytes:
        """The body of the upstream's answer."""
        return f"{self.method} {self.path}".encode()

    @property
    def text(self) -> bytes:
        """The request as it is sent."""
        fields = {"Host": HOST, **self.headers, **({"Content-Length": str(len(self.body))} if self.body else {})}
        head = f"{self.method} {self.path} HTTP/1.1\r\n{''.join(_HEADER_LINE.format(*f) for f in fields.items())}\r\n"
        return head.encode() + self.body


def send(port: int, requests: Sequence[Request]) -> None:
    """All of them, one after the other, on one connection. Raises RuntimeError for a reply that is not the upstream's."""
    with connected(port) as connection:
        for request in requests:
            expect_echo(connection, request)


@contextmanager
def connected(port: int) -> Iterator[ssl.SSLSocket]:
    """A connection to a gateway on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain, server_hostname=HOST) as connection:
        yield connection


@contextmanager
def plainly_connected(port: int) -> Iterator[Connection]:
    """The same without TLS."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        yield connection


def expect_echo(connection: Connection, request: Request) -> None:
    """Sends the request; the answer must be 200 with the upstream's echo of exactly its target."""
    head, body = answer(connection, request)
    if not head.startswith(b"HTTP/1.1 200") or body != request.echo:
        raise RuntimeError(f"{request.method} {request.path}: {head[:200]!r} {body[:200]!r}")


def answer(connection: Connection, request: Request) -> tuple[bytes, bytes]:
    """Sends the request; head and body of the answer, which must declare its length."""
    connection.sendall(request.text)
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: Connection) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("the connection was closed")
    return data


def cpu_ns(pid: int) -> int:
    """Nanoseconds of CPU of all threads of the process and its children."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
        total += sum(cpu_ns(int(child)) for child in (task / "children").read_text().split())
    return total


def summary(pairs: Sequence[tuple[float, float]]) -> dict[str, object]:
    """Medians over rounds of (microseconds with gwc, microseconds of the bare proxy), and of their ratio round by round."""
    return {
        "rounds": len(pairs),
        "gwc_us": round(median(a for a, _ in pairs), 1),
        "bare_us": round(median(b for _, b in pairs), 1),
        "ratio": round(median(a / b for a, b in pairs), 2),
    }


if os.name != "posix":
    raise ImportError("the accounting of CPU is Linux's")
