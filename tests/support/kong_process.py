"""Starts a real Kong with compiled files, where the environment variable GWC_KONG names its command.

Needs of the command only what every Kong has: `config parse`, `start` and `stop`. What is changed of kong.conf, and only for the
test: the prefix, the log files (a Kong that was started into the background has lost its standard output), the user of the
workers when root starts it, and a name server that is not asked (Kong does not start without one).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gwc.backends.base import Output
from gwc.local.processes import NotStarted, Running, free_port, write

ATTEMPTS = 3
SETTINGS = "kong-test.conf"
READY_S = 20.0
COMMAND_S = 120.0
_CHANGED = ("prefix", "proxy_access_log", "proxy_error_log", "dns_resolver", "nginx_user")


@contextmanager
def kong_started(compile_for: Callable[[int, Path], Output], folder: Path) -> Iterator[Running]:
    """A Kong that listens; it is stopped by its prefix. `folder`: where the certificates of the run are (in `tls/`).

    Kong's files lie in a folder of their own under the system's temporary folder, because its workers may be another user.
    """
    place = Path(tempfile.mkdtemp(prefix="gwc-kong-"))
    place.chmod(0o755)
    try:
        running, environment = _start(compile_for, place, folder)
        try:
            yield running
        finally:
            _run(["stop", "-p", str(place / "prefix")], environment)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _start(compile_for: Callable[[int, Path], Output], place: Path, folder: Path) -> tuple[Running, dict[str, str]]:
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        output = compile_for(port, place)
        write(output, place)
        environment = {**os.environ, **client_keys(json.loads(output.files["kong.yml"]), folder)}
        settings = str(_settings(place))
        checked = _run(["config", "parse", str(place / "kong.yml"), "-c", settings], environment)
        if checked.returncode:
            raise NotStarted(f"kong config parse:\n{checked.stdout}{checked.stderr}")
        started = _run(["start", "-c", settings], environment)
        if not started.returncode:
            return _ready_or_stopped(output, place, port, environment), environment
        if attempt == ATTEMPTS or "ddress already in use" not in started.stdout + started.stderr:
            raise NotStarted(f"kong start:\n{started.stdout}{started.stderr}\n{_complaints(place)}")
    raise AssertionError("unreachable")


def _ready_or_stopped(output: Output, place: Path, port: int, environment: Mapping[str, str]) -> Running:
    try:
        return _ready(output, place, port)
    except BaseException:
        _run(["stop", "-p", str(place / "prefix")], environment)
        raise


def client_keys(document: Mapping[str, list[dict[str, str]]], folder: Path) -> dict[str, str]:
    """The environment variables that kong.yml refers to: for each certificate the key that lies beside it in `tls/`."""
    keys = {}
    for entity in document.get("certificates", []):
        reference = re.fullmatch(r"\{vault://env/([a-z0-9-]+)\}", entity["key"])
        assert reference, entity["key"]
        beside = [p for p in (folder / "tls").glob("*.pem") if p.read_text(encoding="ascii").strip().startswith(entity["cert"].strip())]
        assert len(beside) == 1, "the certificate of kong.yml is not one of the run's"
        keys[reference[1].replace("-", "_").upper()] = beside[0].with_suffix(".key").read_text(encoding="ascii")
    return keys


def _settings(place: Path) -> Path:
    """The file with `test_settings`, and the names under which `Running` looks for logs."""
    logs = place / "prefix" / "logs"
    changed = place / SETTINGS
    changed.write_bytes(changed_settings((place / "kong.conf").read_bytes(), place))
    for name, target in (("stdout", "gwc-access.log"), ("stderr", "gwc-error.log")):
        with suppress(FileExistsError):
            (place / name).symlink_to(logs / target)
    return changed


def changed_settings(settings: bytes, place: Path) -> bytes:
    """kong.conf with what a test needs different."""
    logs = place / "prefix" / "logs"
    lines = settings.decode().splitlines()
    kept = [line for line in lines if line.partition("=")[0].strip() not in _CHANGED]
    kept += [
        f"prefix = {place / 'prefix'}",
        f"proxy_access_log = {logs / 'gwc-access.log'} gwc",
        f"proxy_error_log = {logs / 'gwc-error.log'}",
        "dns_resolver = 127.0.0.1:53",
    ]
    if os.geteuid() == 0:
        kept.append("nginx_user = root root")
    return ("\n".join(kept) + "\n").encode()


def _run(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [*shlex.split(os.environ["GWC_KONG"]), *arguments]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=COMMAND_S, check=False)


def _ready(output: Output, place: Path, port: int) -> Running:
    """The running gateway, as soon as it shakes hands for a name that it serves."""
    names = re.search(r'hosts = \{\s+\["([a-z0-9.-]+)"\]', output.files["lua/gwc/data.lua"].decode())
    assert names, "data.lua serves no host"
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if _shakes_hands(port, names[1]):
            pid = int((place / "prefix" / "pids" / "nginx.pid").read_text())
            return Running("kong", port, pid, place)
        time.sleep(0.05)
    raise NotStarted(f"kong did not listen within {READY_S:.0f} s:\n{_complaints(place)}")


def _shakes_hands(port: int, name: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as plain, context.wrap_socket(plain, server_hostname=name):
            return True
    except OSError:
        return False


def _complaints(place: Path) -> str:
    logs = place / "prefix" / "logs"
    return "\n".join(p.read_text(errors="replace")[-3000:] for p in sorted(logs.glob("*error.log")) if p.is_file())
