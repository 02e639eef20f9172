"""The text of a `$ref`: a file below the root and a JSON pointer (RFC 6901) in its fragment, nothing else."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from gwc.diagnostics import Problems, Span
from gwc.source import codes
from gwc.source.document import Pointer
from gwc.source.text import problem, shown

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"~(?![01])")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INDEX = re.compile(r"0|[1-9][0-9]*")
_LOCAL_ONLY = "only references to files of the project are read: bundle the document, or copy the part"

Where = Callable[[], Span]
"""Finds the place of the `$ref`, which costs time and is needed for errors only."""


class Target(NamedTuple):
    """`path`: relative to the root; None: the same document. `pointer`: the decoded tokens of the JSON pointer.

    `anchor`: the name that stands instead of a pointer, where anchors are read.
    """

    path: str | None
    pointer: tuple[str, ...]
    anchor: str | None = None


def is_remote(text: str) -> bool:
    """Whether a reference names a scheme or a host, also in the ways of Windows."""
    return bool(_SCHEME.match(text)) or text.startswith(("//", "\\", "/\\"))


def parse_reference(text: str, referring_path: str, where: Where, *, anchors: bool = False) -> Target:
    """What a `$ref` in the file `referring_path` refers to; nothing is read. `anchors`: whether names may stand for pointers. Raises Problems."""
    if is_remote(text):
        raise remote(text, where)
    file, _, fragment = text.partition("#")
    if not text or "?" in file or not text.isprintable():
        raise _malformed(text, where)
    pointer, anchor = parse_fragment(text, fragment, where, anchors=anchors)
    return Target(_path(text, file, referring_path, where) if file else None, pointer, anchor)


def remote(text: str, where: Where) -> Problems:
    """The error for a reference to what is not in the project."""
    return problem(codes.REMOTE_REFERENCE, f"{shown(text)} is not a local reference", where(), help=_LOCAL_ONLY)


def _malformed(text: str, where: Where, why: str = "is no reference") -> Problems:
    return problem(
        codes.MALFORMED_REFERENCE, f"{shown(text)} {why}", where(), help="write a file, a fragment like #/components/schemas/Pet, or both"
    )


def _decoded(text: str, part: str, where: Where) -> str:
    if _BAD_PERCENT.search(part):
        raise _malformed(text, where, "has a malformed percent-encoding")
    try:
        decoded = unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed(text, where, "does not decode to UTF-8") from None
    if "\0" in decoded:
        raise _malformed(text, where, "has a NUL character")
    return decoded


def _path(text: str, file: str, referring_path: str, where: Where) -> str:
    """The path below the root. Decoded once, then checked."""
    decoded = _decoded(text, file, where)
    if is_remote(decoded) or "\\" in decoded or not decoded.isprintable():
        raise remote(text, where)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(referring_path), decoded))
    if path.startswith(("/", "../")) or path == "..":
        raise problem(codes.REMOTE_REFERENCE, f"{shown(text)} leaves the project's root", where(), help=_LOCAL_ONLY)
    return path


def parse_fragment(text: str, fragment: str, where: Where, *, anchors: bool) -> tuple[tuple[str, ...], str | None]:
    """The tokens of a pointer, or none and the name of an anchor. Raises Problems."""
    decoded = _decoded(text, fragment, where)
    if not decoded:
        return (), None
    if not decoded.startswith("/"):
        if not anchors:
            raise _malformed(text, where, "has a fragment that is no JSON pointer: names of anchors are not read here")
        return (), decoded
    if _BAD_ESCAPE.search(decoded):
        raise _malformed(text, where, "has a `~` that is neither ~0 nor ~1")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in decoded[1:].split("/")), None


def find(tokens: tuple[str, ...], root: Any, where: Where) -> tuple[Pointer, Any]:
    """The pointer with indexes as numbers, and the value that is there. Raises Problems."""
    value = root
    pointer: list[str | int] = []
    for token in tokens:
        step: str | int | None = None
        if isinstance(value, dict) and token in value:
            step = token
        elif isinstance(value, list) and _INDEX.fullmatch(token) and len(token) < 10 and int(token) < len(value):
            step = int(token)
        if step is None:
            raise problem(codes.DANGLING_REFERENCE, f"there is no {shown('/'.join(('', *map(str, pointer), token)))}", where())
        pointer.append(step)
        value = value[step]
    return tuple(pointer), value
