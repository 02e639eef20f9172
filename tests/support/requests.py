"""A client that sends bytes as they are and reads whatever comes back."""

from __future__ import annotations

import functools
import json
import select
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from gwc.local.certificates import Pair
from gwc.semantics.listener_tls import ClientHello

TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Offer:
    """What the client brings to the handshake. The server's certificate is not looked at: a refusal must be the gateway's."""

    sni: str | None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str | None = None
    source: str = "127.0.0.1"
    certificate: Pair | None = None

    @functools.cache  # noqa: B019
    def context(self) -> ssl.SSLContext:
        """Without tickets, so that every connection has a handshake of its own."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        if self.certificate:
            context.load_cert_chain(self.certificate.certificate, self.certificate.private_key)
        context.options |= ssl.OP_NO_TICKET
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # old versions are offered to be refused
            context.minimum_version = self.minimum
            context.maximum_version = self.maximum
        return context

    @functools.cache  # noqa: B019 - an offer is a value, and there are few
    def hello(self) -> ClientHello:
        """The same for the model."""
        names = {
            ssl.TLSVersion.TLSv1: "TLSv1",
            ssl.TLSVersion.TLSv1_1: "TLSv1.1",
            ssl.TLSVersion.TLSv1_2: "TLSv1.2",
            ssl.TLSVersion.TLSv1_3: "TLSv1.3",
        }
        versions = tuple(name for version, name in names.items() if self.minimum <= version <= self.maximum)
        return ClientHello(versions, tuple(c["name"] for c in self.context().get_ciphers()))


@dataclass(frozen=True)
class Answer:
    """`status` 0: no handshake; -1: the connection was closed, or nothing came, without an answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    why: str = ""

    def values(self, name: str) -> list[str]:
        return [v for k, v in self.headers if k == name]

    def value(self, name: str) -> str | None:
        values = self.values(name)
        return values[0] if len(values) == 1 else None

    def problem(self) -> dict[str, Any]:
        """The problem document; empty when the answer is none."""
        if self.value("content-type") != "application/problem+json":
            return {}
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass
class Connection:
    """One TLS connection; answers are read one after the other."""

    socket: ssl.SSLSocket
    left: bytes = field(default=b"")

    def send(self, raw: bytes) -> None:
        """Sends all; a peer that answers early and closes is no error here, its answer is read afterwards."""
        with suppress(OSError):
            self.socket.sendall(raw)

    def answer(self, method: str) -> Answer:
        """The next final answer to a request with this method."""
        try:
            while True:
                status, headers = self._head()
                if status >= 200:
                    return Answer(status, headers, self._body(method, status, dict(headers)))
        except (OSError, EOFError, ValueError) as e:
            return Answer(-1, why=f"{type(e).__name__} {e}")

    def is_closed(self, within_s: float = 2.0) -> bool:
        """Whether the peer closes without sending anything more."""
        self.socket.settimeout(within_s)
        try:
            return not self.left and not self.socket.recv(1)
        except TimeoutError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)

    def has_news(self) -> bool:
        """Whether something arrived that nobody asked for: the end of the connection."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def _head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines[1:])
        return int(lines[0].split(" ")[1]), tuple((k.lower(), v.strip()) for k, _, v in fields)

    def _body(self, method: str, status: int, headers: dict[str, str]) -> bytes:
        if method == "HEAD" or status in {204, 304}:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        return self._rest()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            yield self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n"):
            pass

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.left:
            self._more()
        found, _, self.left = self.left.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self.left) < size:
            self._more()
        found, self.left = self.left[:size], self.left[size:]
        return found

    def _rest(self) -> bytes:
        try:
            while True:
                self._more()
        except (EOFError, OSError):
            found, self.left = self.left, b""
            return found

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("closed")
        self.left += data


@contextmanager
def connected(port: int, offer: Offer, timeout_s: float = TIMEOUT_S) -> Iterator[Connection]:
    """A connection; OSError (of which ssl.SSLError is one) when there is no handshake."""
    with socket.create_connection(("127.0.0.1", port), timeout_s, source_address=(offer.source, 0)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with offer.context().wrap_socket(plain, server_hostname=offer.sni) as wrapped:
            yield Connection(wrapped)


@dataclass
class Connections:
    """Connections that stay open under a name, as a client with keep-alive has them; made anew when the peer closed them."""

    port: int
    stack: ExitStack = field(default_factory=ExitStack)
    open: dict[str, Connection] = field(default_factory=dict)

    def exchange(self, name: str, raw: bytes, offer: Offer) -> Answer:
        """The answer on the connection of this name."""
        if name in self.open and self.open[name].has_news():
            self._forget(name)
        if name not in self.open:
            self.open[name] = self.stack.enter_context(connected(self.port, offer))
        self.open[name].send(raw)
        answer = self.open[name].answer(raw.partition(b" ")[0].decode("latin-1"))
        if answer.value("connection") == "close" or answer.status <= 0:
            self._forget(name)
        return answer

    def _forget(self, name: str) -> None:
        """Closes at once: a long run would have no descriptors left."""
        self.open.pop(name).socket.close()


def exchange(port: int, raw: bytes, offer: Offer, timeout_s: float = TIMEOUT_S) -> Answer:
    """The answer to one request on a connection of its own."""
    try:
        with connected(port, offer, timeout_s) as connection:
            connection.send(raw)
            return connection.answer(raw.partition(b" ")[0].decode("latin-1"))
    except OSError as e:
        return Answer(0, why=f"{type(e).__name__} {e}")


class Resuming:
    """A client that takes its last session up again: (status, whether that was done)."""

    def __init__(self, port: int, pair: Pair, target: str) -> None:
        self.port, self.target, self.session = port, target, None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2  # its session is there when the handshake is over
        self.context.load_cert_chain(pair.certificate, pair.private_key)

    def ask(self) -> tuple[int, bool]:
        with (
            socket.create_connection(("127.0.0.1", self.port), 5) as plain,
            self.context.wrap_socket(plain, server_hostname="api.test", session=self.session) as tls,
        ):
            tls.sendall(f"GET {self.target} HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n".encode())
            head = b""
            while data := tls.recv(65536):
                head += data
            self.session = tls.session
            return int(head.split(b" ")[1]), bool(tls.session_reused)
