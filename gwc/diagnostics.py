"""What gwc says about the user's files: findings with a stable code and a place.

A mistake in a file of the user is a `Diagnostic`; all of one pass are collected and raised once, as
`Problems`. A mistake in gwc itself is an ordinary exception. Nothing here reads a file: a `Span` carries the
path that is shown, and the renderers in `gwc.report` get the text of the files from the source layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file: `path` as the user wrote it (never made absolute); line and columns count from 1.

    `end_column` is the column after the last character, on the same line; equal to `column` when only the start is known.
    """

    path: str
    line: int
    column: int
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


NOWHERE = Span("<built-in>", 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Label:
    """A span with the words that stand under it in the code frame (may be empty)."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is `GWC` and three digits; the first label is the place of the finding, others are related places."""

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...]
    help: str = ""

    @property
    def span(self) -> Span:
        """The place that the finding is about."""
        return self.labels[0].span


class Problems(Exception):  # noqa: N818 - it is a list of findings, not an error of gwc
    """Findings of which at least one is an error, in the order of their places."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.span, d.code, d.message)))
        super().__init__("; ".join(f"{d.span}: {d.code} {d.message}" for d in self.diagnostics))


class Findings:
    """Collects the findings of a pass, so that the user sees all of them at once."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def add(self, code: str, severity: Severity, message: str, *labels: Label | Span, help: str = "") -> None:
        """Keeps one finding; a bare span is a label without words."""
        placed = tuple(x if isinstance(x, Label) else Label(x) for x in labels)
        self.diagnostics.append(Diagnostic(code, severity, message, placed, help))

    def error(self, code: str, message: str, *labels: Label | Span, help: str = "") -> None:
        """Keeps an error: the pass goes on, the compile does not succeed."""
        self.add(code, "error", message, *labels, help=help)

    def warning(self, code: str, message: str, *labels: Label | Span, help: str = "") -> None:
        """Keeps a warning."""
        self.add(code, "warning", message, *labels, help=help)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keeps the findings of another pass."""
        self.diagnostics.extend(diagnostics)

    @property
    def error_count(self) -> int:
        """How many of the findings are errors."""
        return sum(d.severity == "error" for d in self.diagnostics)

    @property
    def has_errors(self) -> bool:
        """Whether one of the findings is an error."""
        return self.error_count > 0

    def raise_errors(self) -> None:
        """Raises `Problems` with everything collected so far when one of it is an error."""
        if self.has_errors:
            raise Problems(self.diagnostics)
