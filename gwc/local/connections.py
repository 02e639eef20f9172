"""A loopback port whose connections can be refused and accepted again, one thread for each connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

ADDRESS = "127.0.0.1"
IDLE_S = 10.0
_HEAD_BYTES = 65_536


class Connection:
    """One accepted connection. `ended` is set when it is to end before its time."""

    def __init__(self, plain: socket.socket) -> None:
        self.ended = threading.Event()
        self._socket = plain
        self._lock = threading.Lock()
        plain.settimeout(IDLE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on. Raises OSError when the handshake fails."""
        with self._lock:
            self._socket = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket.do_handshake()

    def read_head(self) -> bytes:
        """The bytes up to the end of a request's head; fewer, or none, when the peer ends before. Raises OSError."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
            data = self._socket.recv(_HEAD_BYTES)
            if not data:
                break
            head += data
        return head

    def write(self, data: bytes) -> None:
        """Raises OSError when the peer does not take it."""
        self._socket.sendall(data)

    def end(self) -> None:
        """Wakes whoever reads, writes or waits; from another thread."""
        self.ended.set()
        with self._lock, suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # that of SSLSocket drops the TLS state under a reader

    def close(self) -> None:
        """By its own thread, at the end: a TLS connection is ended properly, as far as the peer plays along."""
        with suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket) and not self.ended.is_set():
                self._socket.settimeout(0.2)
                self._socket.unwrap()
        self._socket.close()


class Port:
    """A free port, held for as long as the object is open, on which `serve` is called for each connection while it is started."""

    def __init__(self, serve: Callable[[Connection], None]) -> None:
        self._serve = serve
        self._reserved = _bound(0)
        self.number: int = self._reserved.getsockname()[1]
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None

    def start(self) -> None:
        """Connections are accepted, when they were not already."""
        if self._listener is not None:
            return
        self._listener = _bound(self.number)
        self._listener.listen(64)
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Connections are refused; open ones end now."""
        if self._listener is None or self._acceptor is None:
            return
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`, which closing alone does not
        self._acceptor.join()
        self._listener.close()
        self._listener = None
        with self._lock:
            running = dict(self._open)
        for connection, thread in running.items():
            connection.end()
            thread.join()

    def close(self) -> None:
        """Gives the port up."""
        self.stop()
        self._reserved.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            connection = Connection(plain)
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            self._serve(connection)
        except OSError:
            return
        finally:
            connection.close()
            with self._lock:
                del self._open[connection]


def _bound(port: int) -> socket.socket:
    """Two of these may have one port as long as at most one of them listens (Linux, SO_REUSEADDR)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((ADDRESS, port))
    except OSError:
        s.close()
        raise
    return s
