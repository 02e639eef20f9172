"""multipart/form-data, strictly (RFC 7578; docs/validation.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gwc.semantics import media_type

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\Z")
_PLAIN_CODINGS = ("7bit", "8bit", "binary")


class MalformedError(Exception):
    """The body is not what RFC 7578 says."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the form; `content_type` as it was written, None when it is missing."""

    name: str
    content_type: str | None
    content: bytes


def read(body: bytes, boundary: str | None) -> list[Part]:
    """The parts in their order. Raises MalformedError."""
    if boundary is None or not _BOUNDARY.match(boundary):
        raise MalformedError
    first, *rest = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))
    if first or len(rest) < 2 or rest[-1] not in (b"--", b"--\r\n"):
        raise MalformedError
    return [_part(piece) for piece in rest[:-1]]


def _part(piece: bytes) -> Part:
    """The part behind a delimiter."""
    head, blank, content = piece.partition(b"\r\n\r\n")
    if not head.startswith(b"\r\n") or not blank:
        raise MalformedError
    fields: dict[str, str] = {}
    for line in head[2:].decode("latin-1").split("\r\n"):
        found = _FIELD.match(line)
        if not found or found[1].lower() in fields:
            raise MalformedError
        fields[found[1].lower()] = found[2].strip(" \t")
    if fields.get("content-transfer-encoding", "binary").lower() not in _PLAIN_CODINGS:
        raise MalformedError
    if not _is_clear(fields.get("content-type", "text/plain")):
        raise MalformedError
    return Part(_name(fields.get("content-disposition", "")), fields.get("content-type"), content)


def _is_clear(content_type: str) -> bool:
    """Whether a part has one well-formed type, and no parts of its own: some readers take those for fields."""
    found = media_type.read(content_type)
    return found is not None and found.parameters is not None and not found.essence.startswith("multipart/")


def _name(disposition: str) -> str:
    kind, semicolon, rest = disposition.partition(";")
    found = media_type.parameters(semicolon + rest)
    if kind.strip(" \t").lower() != "form-data" or "\\" in disposition or not found:
        raise MalformedError
    try:
        return found["name"].encode("latin-1").decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        raise MalformedError from None
