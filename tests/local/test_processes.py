"""A process that does not come up is reported with its own words, and nothing is left running."""

from __future__ import annotations

import os
import socket
import ssl
import sys
from pathlib import Path

import pytest

from gwc.backends.base import Output
from gwc.local.certificates import write_certificates
from gwc.local.processes import NotStarted, Program, started

SERVER = """
import json, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
listener = socket.create_server(("127.0.0.1", int(open("port").read())))
print(json.dumps({"reason": "allowed"}), "no log line", sep="\\n", flush=True)
while True:
    plain, _ = listener.accept()
    try:
        context.wrap_socket(plain, server_side=True).close()
    except OSError:
        pass
"""


def _program(code: str, *arguments: object) -> Program:
    return Program("fake", lambda _: [sys.executable, "-c", code, "x", *map(str, arguments)])


def _port_file(port: int, _folder: Path) -> Output:
    return Output({"port": str(port).encode()}, ())


@pytest.fixture
def certificates(tmp_path):
    return write_certificates(tmp_path / "tls", ["api.test"], [])


def _server(certificates) -> Program:
    return _program(SERVER, certificates.server.certificate, certificates.server.private_key)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_ready_and_gone_afterwards(tmp_path, certificates):
    with started(_server(certificates), _port_file, tmp_path, server_name="api.test", ca=certificates.ca) as running:
        assert _is_alive(running.pid)
        assert running.log() == [{"reason": "allowed"}]
        context = ssl.create_default_context(cafile=str(certificates.ca))
        with socket.create_connection(("127.0.0.1", running.port)) as s, context.wrap_socket(s, server_hostname="api.test"):
            pass
    assert not _is_alive(running.pid)


def test_an_early_end_is_reported(tmp_path, certificates):
    program = _program("import sys; sys.exit('no such directive')")
    with (
        pytest.raises(NotStarted, match="no such directive"),
        started(program, _port_file, tmp_path, server_name="api.test", ca=certificates.ca),
    ):
        pass


def test_a_certificate_of_somebody_else_is_not_ready(tmp_path, certificates, monkeypatch):
    monkeypatch.setattr("gwc.local.processes.READY_S", 1.0)
    other = write_certificates(tmp_path / "other", ["api.test"], [])
    with (
        pytest.raises(NotStarted, match="did not listen"),
        started(_server(certificates), _port_file, tmp_path, server_name="api.test", ca=other.ca),
    ):
        pass


def test_another_port_is_tried_when_one_is_taken(tmp_path, certificates, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = [taken.getsockname()[1], free.getsockname()[1]]
        free.close()
        monkeypatch.setattr("gwc.local.processes.free_port", lambda: ports.pop(0))
        with started(_server(certificates), _port_file, tmp_path, server_name="api.test", ca=certificates.ca) as running:
            assert running.port != taken.getsockname()[1]


def test_a_wanted_port_that_is_taken_is_an_error(tmp_path, certificates):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(NotStarted, match="in use"),
            started(_server(certificates), _port_file, tmp_path, server_name="api.test", ca=certificates.ca, port=port),
        ):
            pass
