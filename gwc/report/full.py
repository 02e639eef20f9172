"""Findings for people: a code frame with the places in question underlined, what to do, and where to read more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from gwc.diagnostics import Diagnostic, Label, Severity
from gwc.report.harmless import harmless, one_line, width

TextOf = Callable[[str], str | None]
"""The text of a file by the path of a span; None when there is none."""

MAX_LINE = 120
"""Characters of a source line that are shown; more are cut, around the place in question."""
_LEAD = 40

_COLORS: dict[Severity, str] = {"error": "31", "warning": "33", "note": "36"}


def render_full(diagnostics: Iterable[Diagnostic], text_of: TextOf, color: bool) -> str:
    """A block for each finding, in the order given, with an empty line between them. `color`: ANSI escapes."""
    lines = _Lines(text_of)
    paint = _paint if color else _plain
    return "\n".join("\n".join(_block(d, lines, paint)) + "\n" for d in diagnostics)


Paint = Callable[[str, str], str]


def _paint(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if text else text


def _plain(text: str, _style: str) -> str:
    return text


class _Lines:
    """Lines of files by number; a large file is split once."""

    def __init__(self, text_of: TextOf) -> None:
        self._text_of = text_of
        self._split: dict[str, list[str]] = {}

    def get(self, path: str, number: int) -> str | None:
        if path not in self._split:
            self._split[path] = (self._text_of(path) or "").split("\n")
        lines = self._split[path]
        return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) and lines != [""] else None


def _block(diagnostic: Diagnostic, lines: _Lines, paint: Paint) -> Iterator[str]:
    style = _COLORS[diagnostic.severity]
    title = paint(f"{diagnostic.severity}[{diagnostic.code}]", f"1;{style}")
    yield f"{title}{paint(': ' + one_line(diagnostic.message), '1')}"
    margin = len(str(max(label.span.line for label in diagnostic.labels)))
    bar = " " * margin + paint(" |", "34")
    primary = diagnostic.labels[0]
    by_file = sorted(diagnostic.labels, key=lambda x: x.span.path != primary.span.path)
    for number, (_, group) in enumerate(groupby(by_file, key=lambda x: x.span.path)):
        labels = list(group)
        arrow = " " * margin + paint("--> " if number == 0 else "::: ", "34")
        yield f"{arrow}{_place(labels[0])}"
        yield from _frame(labels, primary, lines, margin, bar, style, paint)
    if diagnostic.help:
        yield f"{' ' * margin}{paint(' = ', '34')}help: {one_line(diagnostic.help)}"
    yield f"{' ' * margin}{paint(' = ', '34')}docs: docs/diagnostics.md, {diagnostic.code}"


def _place(label: Label) -> str:
    return f"{one_line(label.span.path)}:{label.span.line}:{label.span.column}"


def _frame(labels: list[Label], primary: Label, lines: _Lines, margin: int, bar: str, style: str, paint: Paint) -> Iterator[str]:
    """The lines of one file, from top to bottom, each with its marks."""
    before: int | None = None
    yield bar
    for label in sorted(labels, key=lambda x: (x.span.line, x.span.column)):
        source = lines.get(label.span.path, label.span.line)
        if source is None:
            continue
        if before is not None and label.span.line > before + 1:
            yield paint("...", "34")
        shown, pad, length = _window(source, label)
        if label.span.line != before:
            yield f"{paint(f'{label.span.line:>{margin}} |', '34')} {shown}".rstrip()
        before = label.span.line
        mark = ("^" if label is primary else "-") * length
        words = f" {one_line(label.text)}" if label.text else ""
        yield f"{bar} {' ' * pad}{paint(mark + words, style if label is primary else '34')}"


def _window(source: str, label: Label) -> tuple[str, int, int]:
    """The part of the line that is shown, the columns before the mark, and the columns of the mark (at least one)."""
    start = min(label.span.column - 1, len(source))
    end = max(start + 1, label.span.end_column - 1)
    first = max(0, start - _LEAD) if len(source) > MAX_LINE else 0
    last = first + MAX_LINE
    head, tail = "..." if first else "", "..." if len(source) > last else ""
    # Made harmless before it is cut, so that no cut can split what has to be hidden.
    safe = harmless(source[max(0, first - 300) : last + 300])
    offset = first - max(0, first - 300)
    visible = safe[offset : offset + MAX_LINE]
    pad = width(head + visible[: start - first])
    length = max(1, width(visible[start - first : min(end, last) - first]))
    return head + visible + tail, pad, length
