"""Phase 1, the request target: read character by character, as a second opinion on the expression that gateways use."""

from __future__ import annotations

import string
from collections.abc import Iterator
from urllib.parse import unquote

from gwc.controls.canonical_path import CanonicalPath
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request

_UNRESERVED = string.ascii_letters + string.digits + "-._~"
_IN_SEGMENT = frozenset(_UNRESERVED + "!$&'()*+,=:@")
_IN_QUERY = frozenset(_UNRESERVED + "!$&'()*+,=:@/?;[]|")
_NEVER_ESCAPED = frozenset(_UNRESERVED + "/\\%;\x7f") | frozenset(map(chr, range(0x20)))
_HEX = frozenset(string.hexdigits)


def find_faults(control: CanonicalPath, request: Request) -> Iterator[Fault]:
    """414 for what is too long, 400 for what has another spelling than the canonical one."""
    if len(request.target) > control.max_uri_bytes:
        yield fault("normalise.uri")
    if not is_canonical(request.target, matrix=control.matrix):
        yield fault("normalise.path")
        if _may_stop_at_the_codec(request.target):
            yield fault("normalise.request")


def is_canonical(target: str, *, matrix: bool = False) -> bool:
    """Whether the target is in origin form, each segment and the query in their one spelling. `matrix`: segments may have semicolons."""
    path, question, query = target.partition("?")
    if not path.startswith("/"):
        return False
    *inner, last = path[1:].split("/")
    segments = [*inner, last] if last or not inner else inner
    is_segment = _is_matrix_segment if matrix else _is_segment
    return (path == "/" or all(is_segment(s) for s in segments)) and (not question or _is_query(query))


def _may_stop_at_the_codec(target: str) -> bool:
    """Whether HTTP software may take the request line for malformed before it knows of a path: both reasons are right then."""
    malformed = not target.startswith("/") or "#" in target or not target.isascii() or _climbs(target)
    return malformed or any(p[0] == "%" and (not _is_escape(p) or p == "%00") for p in _pieces(target))


def _climbs(target: str) -> bool:
    """Whether dot segments, decoded once, lead above the root."""
    depth = 0
    for segment in unquote(target.partition("?")[0]).split("/")[1:]:
        depth += {"..": -1, ".": 0, "": 0}.get(segment, 1)
        if depth < 0:
            return True
    return False


def _is_segment(segment: str) -> bool:
    if segment in {"", ".", ".."}:
        return False
    return all(_is_plain(piece, _IN_SEGMENT) or _is_needed_escape(piece) for piece in _pieces(segment))


def _is_matrix_segment(segment: str) -> bool:
    """Whether this is a segment, something behind a semicolon, or both."""
    before, semicolon, after = segment.partition(";")
    if not semicolon:
        return _is_segment(segment)
    return (not before or _is_segment(before)) and all(_is_plain(p, _IN_SEGMENT | {";"}) or _is_needed_escape(p) for p in _pieces(after))


def _is_query(query: str) -> bool:
    return all(_is_plain(piece, _IN_QUERY) or _is_escape(piece) for piece in _pieces(query))


def _pieces(text: str) -> Iterator[str]:
    """The characters, a percent sign together with the two after it."""
    at = 0
    while at < len(text):
        width = 3 if text[at] == "%" else 1
        yield text[at : at + width]
        at += width


def _is_plain(piece: str, allowed: frozenset[str]) -> bool:
    return piece in allowed


def _is_escape(piece: str) -> bool:
    return len(piece) == 3 and piece[0] == "%" and piece[1] in _HEX and piece[2] in _HEX


def _is_needed_escape(piece: str) -> bool:
    return _is_escape(piece) and chr(int(piece[1:], 16)) not in _NEVER_ESCAPED
