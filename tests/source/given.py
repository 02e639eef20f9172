"""Small projects made of text, for tests of the source layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gwc.diagnostics import Diagnostic, Findings, Problems
from gwc.source import Document, Workspace
from gwc.source.openapi import load_openapi
from gwc.source.openapi_model import OpenApi


def workspace(folder: Path, **files: str | bytes) -> Workspace:
    """A workspace with these files; `__` in a name stands for a slash, the last `_` for the dot."""
    for name, content in files.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Workspace(folder)


def document(folder: Path, text: str | bytes, name: str = "a_yaml") -> Document:
    space = workspace(folder, **{name: text})
    return space.load(name.replace("_", "."))


def refusal(folder: Path, text: str | bytes, name: str = "a_yaml") -> Diagnostic:
    """The one problem of a text; fails when it loads."""
    try:
        document(folder, text, name)
    except Problems as problems:
        (diagnostic,) = problems.diagnostics
        return diagnostic
    raise AssertionError("this text was accepted")


def minimal(version: str = "3.0.3", **changes: Any) -> dict[str, Any]:
    """A small valid document; keyword arguments replace its members."""
    base = {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {"/pets/{petId}": {"get": operation(parameters=[path_parameter("petId")])}},
    }
    return {**base, **changes}


def operation(**changes: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "ok"}}, **changes}


def path_parameter(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **changes}


def load(folder: Path, openapi: dict[str, Any], **files: str) -> tuple[OpenApi | None, list[Diagnostic]]:
    space = workspace(folder, openapi_json=json.dumps(openapi, indent=1), **files)
    findings = Findings()
    api = load_openapi(space, "openapi.json", findings)
    assert (api is None) == findings.has_errors
    return api, findings.diagnostics


def accepted(folder: Path, openapi: dict[str, Any], **files: str) -> OpenApi:
    """The document, without any finding."""
    api, found = load(folder, openapi, **files)
    assert api is not None
    assert found == []
    return api


def refused(folder: Path, openapi: dict[str, Any], **files: str) -> list[tuple[str, str]]:
    """Code and underlined text of each error of a document that must not load."""
    api, found = load(folder, openapi, **files)
    assert api is None, "this document was accepted"
    return [(d.code, underlined(folder, d)) for d in found if d.severity == "error"]


def warned(folder: Path, openapi: dict[str, Any], **files: str) -> list[tuple[str, str]]:
    """Code and underlined text of each warning of a document that loads."""
    api, found = load(folder, openapi, **files)
    assert api is not None, found
    return [(d.code, underlined(folder, d)) for d in found]


def underlined(folder: Path, diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    line = (folder / span.path).read_text().split("\n")[span.line - 1]
    return line[span.column - 1 : max(span.column, span.end_column - 1)]
