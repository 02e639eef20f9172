"""Bytes to requests: everything that could be read in two ways is no request."""

from __future__ import annotations

import pytest

from gwc.semantics import Refusal, Request, parse

HEAD = b"GET /a?b HTTP/1.1\r\nHost: api.test\r\n"


def _chunked(rest: bytes) -> Request | Refusal:
    return parse(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + rest)


def test_a_request():
    request = parse(HEAD + b"X-A: \t1 2\t \r\nx-a:3\r\nEmpty:\r\n\r\n")
    assert isinstance(request, Request)
    assert (request.method, request.target, request.version) == ("GET", "/a?b", (1, 1))
    assert request.headers == (("host", "api.test"), ("x-a", "1 2"), ("x-a", "3"), ("empty", ""))
    assert request.values("x-a") == ("1 2", "3")


@pytest.mark.parametrize(
    ("framing", "rest", "body"),
    [
        (b"", b"", b""),
        (b"Content-Length: 0\r\n", b"", b""),
        (b"Content-Length: 3\r\n", b"\r\n0", b"\r\n0"),
        (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b""),
        (b"Transfer-Encoding: CHUNKED\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"Transfer-Encoding: chunked\r\n", b"03;x=y\r\nabc\r\n0a\r\n0123456789\r\n000\r\n\r\n", b"abc0123456789"),
        (b"Transfer-Encoding: chunked\r\n", b"1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n", b"a"),
    ],
)
def test_bodies(framing, rest, body):
    request = parse(b"POST / HTTP/1.1\r\n" + framing + b"\r\n" + rest)
    assert isinstance(request, Request)
    assert request.body == body


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\n\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b" GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET\t/ HTTP/1.1\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"GET / http/1.1\r\n\r\n",
        b"GET / HTTP/1.10\r\n\r\n",
        b"GET / HTTP/1\r\n\r\n",
        b"G(T / HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        HEAD + b" folded: 1\r\n\r\n",
        HEAD + b"X: 1\r\n 2\r\n\r\n",
        HEAD + b"X : 1\r\n\r\n",
        HEAD + b": 1\r\n\r\n",
        HEAD + b"X\r\n\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD + b"X: a\rb\r\n\r\n",
        HEAD + b"X: a\nY: b\r\n\r\n",
        HEAD + b"Content-Length: 1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\n\r\nab",
        HEAD + b"Content-Length: +1\r\n\r\na",
        HEAD + b"Content-Length: -1\r\n\r\na",
        HEAD + b"Content-Length: 1 1\r\n\r\na",
        HEAD + b"Content-Length: 1,1\r\n\r\na",
        HEAD + b"Content-Length: 0x1\r\n\r\na",
        HEAD + b"Content-Length: \xb2\r\n\r\nab",
        HEAD + b"Content-Length:\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"\r\nGET / HTTP/1.1\r\n\r\n",
    ],
)
def test_no_request(raw):
    refusal = parse(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.faults[0].status == 400
    assert refusal.faults[0].reason == "normalise.request"


@pytest.mark.parametrize("coding", [b"identity", b"gzip, chunked", b"chunked, identity", b"xchunked", b'"chunked"', b"chunked;q=1"])
def test_unknown_transfer_codings(coding):
    refusal = parse(HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n")
    assert isinstance(refusal, Refusal)
    assert refusal.faults[0].status == 501


@pytest.mark.parametrize(
    "rest",
    [b"", b"0\r\n", b"0\r\n\r\nx", b"g\r\n\r\n", b"1\r\nab\r\n0\r\n\r\n", b"2\r\na\r\n0\r\n\r\n", b"1\r\na0\r\n\r\n", b" 1\r\na\r\n0\r\n\r\n", b"-1\r\n\r\n", b"1\na\n0\n\n",
     b"100000000\r\na\r\n0\r\n\r\n", b"0\r\nX : 1\r\n\r\n", b"1\r\na\r\n0\r\nX: 1\r\n"],
)  # fmt: skip
def test_bad_chunks(rest):
    assert isinstance(_chunked(rest), Refusal)


@pytest.mark.parametrize(("version", "status"), [(b"HTTP/2.0", 505), (b"HTTP/9.9", 505)])
def test_later_versions(version, status):
    refusal = parse(b"GET / " + version + b"\r\n\r\n")
    assert isinstance(refusal, Refusal)
    assert refusal.faults[0].status == status


def test_earlier_versions_are_requests():
    request = parse(b"GET / HTTP/1.0\r\n\r\n")
    assert isinstance(request, Request)
    assert request.version == (1, 0)
