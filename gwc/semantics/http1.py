"""The bytes of one HTTP/1.1 request, read strictly (RFC 9112): nothing is repaired, nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gwc.semantics.answers import Fault, Headers, fault

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VERSION = re.compile(r"HTTP/([0-9])\.([0-9])\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_CHUNK = re.compile(r"([0-9A-Fa-f]{1,8})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?\Z")
_DIGITS = re.compile(r"[0-9]{1,18}\Z")

HEADER_FIELDS = 100
HEADER_BYTES = 32 * 1024
"""More fields or a longer head than these: 431. The exact border is the gateway's own."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is HTTP, whether it will be allowed or not. `version` is the pair of digits, such as (1, 1)."""

    method: str
    target: str
    version: tuple[int, int]
    headers: Headers
    body: bytes
    head_bytes: int

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a header field, in order; `name` in lower case."""
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Refusal:
    """These bytes are no request: the gateway answers with one of `faults`, the first being the likeliest, and closes."""

    faults: tuple[Fault, ...]
    why: str


class _MalformedError(Exception):
    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.why, self.status = why, status


def parse(raw: bytes) -> Request | Refusal:
    """The one request in `raw`; more bytes than its own are no request either."""
    try:
        return _request(raw.decode("latin-1"))
    except _MalformedError as e:
        codec = fault("normalise.request")
        return Refusal(tuple(dict.fromkeys((Fault(e.status, codec.reason), codec))), e.why)


def _request(text: str) -> Request:
    head, end, rest = text.partition("\r\n\r\n")
    if not end:
        raise _MalformedError("the head has no end")
    line, *fields = head.split("\r\n")
    method, target, version = _request_line(line)
    headers = tuple(_field(x) for x in fields)
    body = _body(headers, rest)
    return Request(method, target, version, headers, body.encode("latin-1"), len(head) + len(end))


def _request_line(line: str) -> tuple[str, str, tuple[int, int]]:
    parts = line.split(" ")
    if len(parts) != 3 or not all(parts):
        raise _MalformedError("the request line has not three parts")
    method, target, protocol = parts
    version = _VERSION.match(protocol)
    if not version or not _TOKEN.match(method) or re.search(r"[\x00-\x20\x7f]", target):
        raise _MalformedError("method, target or version is malformed")
    major, minor = int(version[1]), int(version[2])
    if major > 1:
        raise _MalformedError("a version that is not spoken here", 505)
    return method, target, (major, minor)


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not _TOKEN.match(name) or not _VALUE.match(value):
        raise _MalformedError(f"a header field is malformed: {name[:40]!r}")
    return name.lower(), value.strip(" \t")


def _body(headers: Headers, rest: str) -> str:
    lengths = [v for k, v in headers if k == "content-length"]
    codings = [v for k, v in headers if k == "transfer-encoding"]
    if codings and (lengths or len(codings) > 1):
        raise _MalformedError("two ways of framing")
    if codings:
        if codings[0].lower() != "chunked":
            raise _MalformedError("a transfer coding that is not understood", 501)
        return _chunked(rest)
    return _counted(lengths, rest)


def _counted(lengths: list[str], rest: str) -> str:
    if not all(_DIGITS.match(x) for x in lengths) or len(lengths) > 1:
        raise _MalformedError("Content-Length is no number, or there are two")
    length = int(lengths[0]) if lengths else 0
    if len(rest) != length:
        raise _MalformedError("the body is not as long as Content-Length says")
    return rest


def _chunked(rest: str) -> str:
    chunks: list[str] = []
    while True:
        line, _, rest = rest.partition("\r\n")
        size = _CHUNK.match(line)
        if not size:
            raise _MalformedError("a chunk has no size")
        length = int(size[1], 16)
        if not length:
            break
        if rest[length : length + 2] != "\r\n":
            raise _MalformedError("a chunk is not as long as it says")
        chunks.append(rest[:length])
        rest = rest[length + 2 :]
    _trailers(rest)
    return "".join(chunks)


def _trailers(rest: str) -> None:
    while rest != "\r\n":
        line, end, rest = rest.partition("\r\n")
        if not end or not line:
            raise _MalformedError("bytes after the request")
        _field(line)
