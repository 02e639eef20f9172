"""Findings for editors and grep: one line each."""

from __future__ import annotations

from collections.abc import Iterable

from gwc.diagnostics import Diagnostic
from gwc.report.harmless import one_line


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """`path:line:column: severity[CODE] message`, a line each, in the order given."""
    return "".join(f"{one_line(str(d.span))}: {d.severity}[{d.code}] {one_line(d.message)}\n" for d in diagnostics)
