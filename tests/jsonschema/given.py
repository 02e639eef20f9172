"""Schemas of small documents, built and judged by the model."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from gwc.diagnostics import Diagnostic, Findings
from gwc.jsonschema.tree import Schema, Table
from gwc.lowering.schema import SchemaBuilder
from gwc.semantics.json_schema import failures, is_valid
from gwc.source import Workspace
from gwc.source.openapi import load_openapi
from gwc.source.openapi_model import OpenApi


class Built(NamedTuple):
    """A schema with what its calls stand for."""

    schema: Schema
    table: Table

    def takes(self, value: Any) -> bool:
        return is_valid(self.schema, self.table, value)

    def failures(self, value: Any) -> tuple[tuple[str, str], ...]:
        return failures(self.schema, self.table, value)


def value_of(text: str) -> Any:
    """A JSON value as the model has it: numbers are int or Decimal."""
    return json.loads(text, parse_float=Decimal)


def load(path: Path, findings: Findings) -> OpenApi | None:
    return load_openapi(Workspace(path.parent), path.name, findings)


def body_schema(api: OpenApi, number: int) -> Any:
    body = api.operations[number].request_body
    assert body is not None
    return body.cursor.child("content").child("application/json").child("schema")


def build(
    folder: Path,
    schema: Any,
    version: str = "3.1",
    *,
    closed: bool = False,
    formats: bool = False,
    components: Any = None,
    direction: Any = "request",
) -> tuple[Built, list[Diagnostic]]:
    """The schema of a document with one operation, and all findings of its builder."""
    document = {
        "openapi": {"3.0": "3.0.4", "3.1": "3.1.0"}[version],
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/a": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": schema}}},
                    "responses": {"200": {"description": "fine"}},
                }
            }
        },
        "components": {"schemas": components or {}},
    }
    (folder / "openapi.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    findings = Findings()
    api = load(folder / "openapi.json", findings)
    if api is None:
        raise AssertionError(f"the document does not load: {findings.diagnostics}")
    mine = Findings()
    builder = SchemaBuilder(mine, version=api.version, direction=direction, formats=formats)
    root = builder.root(body_schema(api, 0), closed)
    return Built(root, builder.table), mine.diagnostics


def built(folder: Path, schema: Any, version: str = "3.1", **options: Any) -> Built:
    """The same, without any error."""
    result, found = build(folder, schema, version, **options)
    errors = [d for d in found if d.severity == "error"]
    assert not errors, errors
    return result
