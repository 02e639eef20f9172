"""A Redis on loopback that nothing else uses, as a child of this process: Debian's `redis-server`."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gwc.local.certificates import Pair
from gwc.local.processes import NotInstalled, NotStarted, free_port

_READY_S = 10.0
_STOP_S = 5.0


def installed() -> str:
    """The path of the program. Raises NotInstalled."""
    found = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin")
    if found is None:
        raise NotInstalled("redis-server: apt-get install redis-server")
    return found


@dataclass(slots=True)
class RedisServer:
    """A server that can be ended and started again on the same port; its data ends with it. `tls`: the file of its own CA, and its pair."""

    port: int
    folder: Path
    password: str | None
    tls: tuple[Path, Pair] | None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it answers. Raises NotInstalled or NotStarted."""
        program = installed()
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "redis.conf"
        file.touch(mode=0o600)
        file.write_text("".join(f"{line}\n" for line in self._settings()), encoding="utf-8")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([program, str(file)], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
        self._wait(self.process)

    def stop(self) -> None:
        """Kills it, as a machine that is gone; only this process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(_STOP_S)
            self.process = None

    def ask(self, *arguments: str) -> bytes:
        """The reply to one command, as it is sent."""
        with self._connected() as s:
            if self.password is not None:
                s.sendall(_command("AUTH", self.password))
                s.recv(100)
            s.sendall(_command(*arguments))
            return s.recv(65536)

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), 5) as plain:
            if self.tls is None:
                yield plain
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # whose certificate it has is what gateways are asked about
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain) as wrapped:
                yield wrapped

    def _settings(self) -> Iterator[str]:
        yield from ("bind 127.0.0.1", 'save ""', "appendonly no", "daemonize no", "loglevel warning", "tcp-backlog 128")
        yield f"{'port' if self.tls is None else 'tls-port'} {self.port}"
        if self.tls is not None:
            ca, pair = self.tls
            yield from ("port 0", "tls-auth-clients no", f"tls-ca-cert-file {ca}")
            yield from (f"tls-cert-file {pair.certificate}", f"tls-key-file {pair.private_key}")
        if self.password is not None:
            escaped = "".join(f"\\x{byte:02x}" for byte in self.password.encode())
            yield f'requirepass "{escaped}"'

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                if self.ask("PING").startswith(b"+PONG"):
                    return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise NotStarted(f"redis-server did not answer:\n{(self.folder / 'log').read_text(encoding='utf-8')[-2000:]}")


def _command(*arguments: str) -> bytes:
    parts = [f"${len(a.encode())}\r\n{a}\r\n" for a in arguments]
    return f"*{len(parts)}\r\n{''.join(parts)}".encode()


@contextmanager
def redis_server(folder: Path, *, password: str | None = None, tls: tuple[Path, Pair] | None = None) -> Iterator[RedisServer]:
    """A Redis that answers; it has ended when the block ends."""
    server = RedisServer(free_port(), folder, password, tls)
    try:
        server.start()
        yield server
    finally:
        server.stop()
