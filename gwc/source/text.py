"""Bytes to text, and offsets to lines: the part that JSON and YAML share."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from functools import cached_property

from gwc.diagnostics import Diagnostic, Label, Problems, Span
from gwc.source import codes

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
)


def problem(code: str, message: str, *labels: Label | Span, help: str = "") -> Problems:
    """A single error, ready to be raised."""
    placed = tuple(x if isinstance(x, Label) else Label(x) for x in labels)
    return Problems([Diagnostic(code, "error", message, placed, help)])


def decode(path: str, data: bytes) -> str:
    """The text of a file that must be UTF-8 without byte order mark. Raises Problems."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            raise problem(codes.ENCODING, f"this is {name}, not UTF-8 text", Span(path, 1, 1), help="save the file as UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        raise problem(
            codes.ENCODING, "the file begins with a byte order mark", Span(path, 1, 1, 2), help="save the file as UTF-8 without BOM"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        before = data[: e.start].decode("utf-8")
        place = Lines(path, before + "?").span(len(before), len(before) + 1)
        raise problem(codes.ENCODING, f"byte 0x{data[e.start]:02x} is not UTF-8", place, help="save the file as UTF-8") from None


def duplicate(key: str, again: Span, earlier: Span) -> Problems:
    """The error for a key that is there twice in one mapping."""
    return problem(
        codes.DUPLICATE_KEY,
        f"duplicate key {shown(key)}",
        Label(again, "again here"),
        Label(earlier, "first here"),
        help="readers do not agree on which one counts: keep one of them",
    )


def shown(text: str) -> str:
    """The text quoted on one line and cut to a readable length: for messages."""
    cut = text if len(text) <= 60 else text[:57] + "..."
    return json.dumps(cut, ensure_ascii=True) if not cut.isprintable() else f"'{cut}'"


class Lines:
    """Turns offsets into a text into spans. A line ends with a line feed; columns count code points."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text

    @cached_property
    def _starts(self) -> array[int]:
        starts = array("Q", [0])
        starts.extend(m.end() for m in re.finditer("\n", self._text))
        return starts

    def span(self, start: int, end: int) -> Span:
        """The span of `text[start:end]`, cut at the end of its first line."""
        line = bisect_right(self._starts, start)
        first = self._starts[line - 1]
        column = start - first + 1
        last = self._starts[line] if line < len(self._starts) else len(self._text) + 1
        return Span(self._path, line, column, max(column, min(end, last - 1) - first + 1))

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line feed."""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self._text)
        return self._text[start:end]
