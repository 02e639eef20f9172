"""What a key server sends, whole HTTP/1.1 responses: a good key set, and each way to get one wrong.

Wherever it is possible the keys of a bad answer are good ones, so that a gateway that is taken in by it shows that by accepting tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

HUGE_BYTES = 10_000_000
PATH = "/jwks.json"
ELSEWHERE = "/elsewhere.json"
"""Where the answer `redirect` points; the key set is there."""

_CHUNK_BYTES = 65_536
_JSON = "Content-Type: application/json\r\n"

Document = Mapping[str, Any] | bytes
"""A key set, or the body of an answer as it is."""


def good(document: Document) -> bytes:
    """The key set with its length."""
    return _sized("200 OK", _body(document))


def not_found() -> bytes:
    """For every other path and method."""
    return _sized("404 Not Found", b"{}")


def _body(document: Document) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def _sized(status: str, body: bytes, fields: str = _JSON) -> bytes:
    return _head(status, f"{fields}Content-Length: {len(body)}\r\n") + body


def _head(status: str, fields: str) -> bytes:
    return f"HTTP/1.1 {status}\r\n{fields}Connection: close\r\n\r\n".encode()


def _huge(document: Document) -> bytes:
    """HUGE_BYTES: the key set and blanks after it, so that it stays good JSON wherever in the blanks it is cut."""
    return _body(document).ljust(HUGE_BYTES)


def _chunked(body: bytes) -> bytes:
    chunks = (body[i : i + _CHUNK_BYTES] for i in range(0, len(body), _CHUNK_BYTES))
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return _head("200 OK", _JSON + "Transfer-Encoding: chunked\r\n") + framed + b"0\r\n\r\n"


BAD: Mapping[str, Callable[[Document], bytes]] = MappingProxyType(
    {
        "garbage": lambda _: _sized("200 OK", b"<html>it works</html>"),
        "empty": lambda _: good({"keys": []}),
        "huge": lambda document: _sized("200 OK", _huge(document)),
        "hugeChunked": lambda document: _chunked(_huge(document)),
        "hugeUntilClose": lambda document: _head("200 OK", _JSON) + _huge(document),
        "error": lambda document: _sized("500 Internal Server Error", _body(document)),
        "redirect": lambda _: _sized("302 Found", b"{}", f"{_JSON}Location: {ELSEWHERE}\r\n"),
        "truncated": lambda document: good(document)[:-1],
    }
)
"""By the name of the mode."""
