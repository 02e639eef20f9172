"""The upstream tells exactly what arrived."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from contextlib import suppress

import pytest

from gwc.local.certificates import write_certificates
from gwc.local.echo import echo


def _ask(port: int, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(raw)
        s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b""))


def test_it_remembers_and_returns_what_it_saw():
    with echo() as upstream:
        answer = _ask(upstream.port, b"POST /a%20b?c HTTP/1.1\r\nHost: x\r\nX-A:  1\r\nx-a: \xe9\r\nContent-Length: 3\r\n\r\nabc")
        (received,) = upstream.take()
    assert (received.method, received.target) == ("POST", "/a%20b?c")
    assert received.headers == (("Host", "x"), ("X-A", "1"), ("x-a", "\xe9"), ("Content-Length", "3"))
    assert (received.body_bytes, received.body_sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == received.document()


def test_chunks_and_keep_alive():
    one = b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n"
    with echo() as upstream:
        assert _ask(upstream.port, one + b"GET /b HTTP/1.1\r\n\r\n").count(b"HTTP/1.1 200") == 2
        first, second = upstream.take()
        assert upstream.take() == []
    assert (first.body_bytes, first.body_sha256) == (3, hashlib.sha256(b"abc").hexdigest())
    assert second.target == "/b"


@pytest.mark.parametrize(
    "raw", [b"nonsense\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\nHo"]
)
def test_what_is_no_request_is_counted(raw):
    with echo() as upstream:
        assert _ask(upstream.port, raw) == b""
        assert upstream.malformed == 1
        assert upstream.received == []


@pytest.mark.parametrize(
    ("wish", "beginning"),
    [
        ("status-418", b"HTTP/1.1 418"),
        ("status-204", b"HTTP/1.1 204"),
        ("close", b""),
        ("slow-50", b"HTTP/1.1 200"),
        ("x", b"HTTP/1.1 200"),
    ],
)
def test_wishes(wish, beginning):
    with echo() as upstream:
        assert _ask(upstream.port, f"GET /v1/{wish}?status-500 HTTP/1.1\r\n\r\n".encode())[: len(beginning) or 1] == beginning


def _handshake(port: int, certificates, with_certificate: bool) -> bytes:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    if with_certificate:
        context.load_cert_chain(certificates.client.certificate, certificates.client.private_key)
    with socket.create_connection(("127.0.0.1", port), 5) as s, context.wrap_socket(s, server_hostname="orders.internal") as tls:
        with suppress(OSError):  # a reset or an alert, with TLS 1.3 only after the handshake
            tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return tls.recv(20)
        return b""


def test_a_client_certificate_is_required(tmp_path):
    certificates = write_certificates(tmp_path, ["api.test"], ["orders.internal"])
    with echo(certificates.upstream, str(certificates.ca)) as upstream:
        assert _handshake(upstream.port, certificates, with_certificate=True).startswith(b"HTTP/1.1 200")
        assert _handshake(upstream.port, certificates, with_certificate=False) == b""
        assert len(upstream.take()) == 1
