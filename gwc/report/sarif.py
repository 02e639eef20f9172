"""Findings as SARIF 2.1.0 (OASIS, 2020), for code scanning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from gwc import __version__
from gwc.diagnostics import Diagnostic, Label

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A log with one run. Paths are relative URIs; columns count code points."""
    found = list(diagnostics)
    rules = sorted({d.code for d in found})
    run = {
        "tool": {"driver": {"name": "gwc", "version": __version__, "rules": [{"id": code} for code in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, rules.index(d.code)) for d in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(diagnostic: Diagnostic, rule_index: int) -> dict[str, Any]:
    words = f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule_index,
        "level": diagnostic.severity,
        "message": {"text": words},
        "locations": [_location(diagnostic.labels[0])],
    }
    if len(diagnostic.labels) > 1:
        result["relatedLocations"] = [{"id": i, **_location(x)} for i, x in enumerate(diagnostic.labels[1:], start=1)]
    return result


def _location(label: Label) -> dict[str, Any]:
    span = label.span
    region = {"startLine": span.line, "startColumn": span.column}
    if span.end_column > span.column:
        region["endColumn"] = span.end_column
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": quote(span.path, errors="replace")}, "region": region}}
    if label.text:
        location["message"] = {"text": label.text}
    return location
