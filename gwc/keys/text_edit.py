"""Edits of a text by offsets, and the lines around an offset. Lines end with LF or CRLF, each as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)")


class Edit(NamedTuple):
    """`text[start:end]` becomes `new`."""

    start: int
    end: int
    new: str


def insertion(at: int, new: str) -> Edit:
    """Puts `new` before the character at `at`."""
    return Edit(at, at, new)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap; of insertions at one place, the first given comes first."""
    parts: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda e: e[:2]):
        if edit.start < done:
            raise AssertionError("edits that overlap")
        parts += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*parts, text[done:]])


def line_start(text: str, at: int) -> int:
    """The offset of the first character of the line."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """The offset of the line's line break, or of the text's end."""
    found = text.find("\n", at)
    if found < 0:
        return len(text)
    return found - 1 if found > at and text[found - 1] == "\r" else found


def next_line(text: str, at: int) -> int:
    """The offset of the first character of the line after this one, or of the text's end."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def line_break(text: str, at: int) -> str:
    """The line break of the line; of the last one, which may have none, that of the first line."""
    for place in (at, 0):
        end = line_end(text, place)
        if end < len(text):
            return "\r\n" if text[end] == "\r" else "\n"
    return "\n"


def column(text: str, at: int) -> int:
    """How many characters of the line are before the offset."""
    return at - line_start(text, at)


def begins_line(text: str, at: int) -> bool:
    """Whether nothing but blanks is before the offset on its line."""
    return not text[line_start(text, at) : at].strip(" \t")


def ends_line(text: str, at: int) -> bool:
    """Whether nothing but blanks and a comment is behind the offset on its line."""
    return _REST.match(text, at) is not None


def blanks_before(text: str, at: int) -> int:
    """Where the blanks begin that end at the offset."""
    while at and text[at - 1] in " \t":
        at -= 1
    return at


def blanks_behind(text: str, at: int) -> int:
    """Where the blanks end that begin at the offset."""
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    return at
