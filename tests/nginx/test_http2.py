"""The same decisions over HTTP/2, where a body needs no length and Host is a pseudo-header. A client of a few frames."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

import pytest

from tests.support.nginx_process import KEY, Site, gateway, serving
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway

_DATA, _HEADERS, _SETTINGS, _GOAWAY, _RESET = 0, 1, 4, 7, 3
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _length(n: int) -> bytes:
    """An integer with a prefix of seven bits (RFC 7541 5.1)."""
    if n < 127:
        return bytes((n,))
    octets, n = [127], n - 127
    while n >= 128:
        octets.append(n % 128 + 128)
        n //= 128
    return bytes((*octets, n))


def _block(fields: list[tuple[str, str]]) -> bytes:
    """Literal fields without indexing, names and values as they are."""
    return b"".join(b"\0" + _length(len(k)) + k.encode() + _length(len(v)) + v.encode("latin-1") for k, v in fields)


def ask(
    site: Site, method: str, path: str, *fields: tuple[str, str], body: bytes | None = None, authority: str = "api.test"
) -> dict[str, Any]:
    """The document of the answer: the problem, or the echo of the upstream; empty when the stream was reset."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    head = [(":method", method), (":scheme", "https"), (":path", path), (":authority", authority), *fields]
    flags = _END_HEADERS | (_END_STREAM if body is None else 0)
    sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0) + _frame(_HEADERS, flags, 1, _block(head))
    for start in range(0, len(body or b""), 16000):
        sent += _frame(_DATA, 0, 1, (body or b"")[start : start + 16000])
    sent += b"" if body is None else _frame(_DATA, _END_STREAM, 1)
    with (
        socket.create_connection(("127.0.0.1", site.running.port), 10) as plain,
        context.wrap_socket(plain, server_hostname="api.test") as tls,
    ):
        assert tls.selected_alpn_protocol() == "h2"
        tls.sendall(sent)
        return json.loads(_answer(tls) or "{}")


def _answer(tls: ssl.SSLSocket) -> bytes:
    stream, document = tls.makefile("rb"), b""
    while head := stream.read(9):
        kind, flags, payload = head[3], head[4], stream.read(int.from_bytes(head[:3], "big"))
        if kind == _SETTINGS and not flags & _ACK:
            tls.sendall(_frame(_SETTINGS, _ACK, 0))
        if kind == _DATA:
            document += payload
        if kind in {_GOAWAY, _RESET} or (kind in {_DATA, _HEADERS} and flags & _END_STREAM):
            break
    return document


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serving(gateway(), tmp_path_factory.mktemp("h2")) as running:
        yield running


@pytest.fixture
def writer(site) -> list[tuple[str, str]]:
    token = token_for(site.gateway.jwts[0], {"scope": "orders:write"})
    return [("authorization", f"Bearer {token}"), ("content-type", "application/json")]


def test_allowed(site) -> None:
    echo = ask(site, "GET", "/v1/orders?x=1", ("x-api-key", KEY), ("x-gwc-consumer", "root"), ("x-forwarded-for", "6.6.6.6"))
    headers = {k.lower(): v for k, v in echo["headers"]}
    assert (echo["method"], echo["target"]) == ("GET", "/v1/orders?x=1")
    assert (headers["x-gwc-consumer"], headers["x-forwarded-for"], headers["x-forwarded-host"]) == ("acme", "127.0.0.1", "api.test")


@pytest.mark.parametrize(
    ("method", "path", "fields", "authority", "reason"),
    [
        ("GET", "/v1/orders", [], "api.test", "authn.missing"),
        ("GET", "/v1/nope", [], "api.test", "route.unknown"),
        ("PUT", "/v1/orders", [], "api.test", "route.method"),
        ("GET", "//v1/health", [], "api.test", "normalise.path"),
        ("GET", "/v1/%68ealth", [], "api.test", "normalise.path"),
        ("GET", "/v1/health", [("x_a", "1")], "api.test", "normalise.headerName"),
        ("GET", "/v1/health", [("authorization", "a, b")], "api.test", "normalise.request"),
        ("GET", "/v1/health", [], "other.test", "normalise.host"),
        ("GET", "/" + "a" * 4096, [], "api.test", "normalise.uri"),
        ("TRACE", "/v1/health", [], "api.test", "route.method"),
    ],
)
def test_refused(site, method, path, fields, authority, reason) -> None:
    assert ask(site, method, path, *fields, authority=authority).get("reason") == reason


def test_a_body_without_a_length(site, writer) -> None:
    echo = ask(site, "POST", "/v1/orders", *writer, body=b'{"a":1}')
    assert (echo["method"], echo["bodyBytes"]) == ("POST", 7)


def test_the_border_of_a_body_without_a_length(site, writer) -> None:
    assert ask(site, "POST", "/v1/orders", *writer, body=b"x" * 65536)["bodyBytes"] == 65536
    assert ask(site, "POST", "/v1/orders", *writer, body=b"x" * 65537)["reason"] == "body.size"


def test_no_body(site, writer) -> None:
    assert ask(site, "POST", "/v1/orders", *writer)["reason"] == "body.missing"
    assert ask(site, "POST", "/v1/orders", *writer, body=b"")["reason"] == "body.missing"
    assert ask(site, "GET", "/v1/health", body=b"")["method"] == "GET"


def test_a_body_where_there_is_none(site) -> None:
    assert ask(site, "GET", "/v1/health", body=b"x")["reason"] == "body.unexpected"
    assert ask(site, "GET", "/v1/orders", ("x-api-key", KEY), body=b"x")["reason"] == "body.unexpected"


def test_the_media_type(site, writer) -> None:
    assert ask(site, "POST", "/v1/orders", writer[0], ("content-type", "text/plain"), body=b"x")["reason"] == "body.contentType"
    assert ask(site, "POST", "/v1/orders", *writer, writer[1], body=b"x")["reason"] == "body.contentType"
