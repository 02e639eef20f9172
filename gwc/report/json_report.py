"""Findings for programs. The shape is stable: members may be added, none is removed or renamed while `version` is 1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gwc.diagnostics import Diagnostic, Label


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One object, pure ASCII, on several lines.

    `{"version": 1, "diagnostics": [{"code", "severity", "message", "help", "labels": [{"path", "line", "column", "endColumn",
    "text"}]}], "summary": {"errors", "warnings", "notes"}}`: lines and columns count from 1, `endColumn` is the column after
    the last character (equal to `column` when only the start is known), the first label is the place of the finding.
    """
    found = list(diagnostics)
    summary = {f"{s}s": sum(d.severity == s for d in found) for s in ("error", "warning", "note")}
    return json.dumps({"version": 1, "diagnostics": [_diagnostic(d) for d in found], "summary": summary}, indent=1) + "\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "labels": [_label(label) for label in diagnostic.labels],
    }


def _label(label: Label) -> dict[str, Any]:
    span = label.span
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "endColumn": max(span.column, span.end_column),
        "text": label.text,
    }
