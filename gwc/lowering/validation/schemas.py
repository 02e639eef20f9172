"""The schemas of a gateway while they are built: each place of a document once for each way in which it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gwc.controls.json_schema import JsonSchema
from gwc.diagnostics import Findings, Span
from gwc.jsonschema.tree import Schema
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.lowering.validation import codes
from gwc.lowering.validation.formula import Formula
from gwc.lowering.validation.shapes import IntricateError, Shapes
from gwc.source.cursor import Cursor
from gwc.source.openapi_model import Version

Direction = Literal["request", "response"]
At = Callable[[], Span]
"""Finds a place: positions in large documents are not free."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How schemas are meant: by the version of their document, for requests or responses, with formats, closed."""

    version: Version
    direction: Direction
    formats: bool
    closed: bool


class Schemas:
    """Builds check trees and shapes, which all operations share."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._growing = GrowingTable()
        self._builders: dict[tuple[Version, Direction, bool], SchemaBuilder] = {}
        self._roots: dict[tuple[Cursor, Meaning], Schema] = {}
        self.shapes = Shapes(self._growing)
        self.any_text: dict[int, tuple[Schema, bool]] = {}
        """What `takes_any_text` has found out, by identity, which is kept."""

    def root(self, cursor: Cursor | None, meaning: Meaning) -> Schema:
        """The schema at this place; without one every value is fine."""
        if cursor is None:
            return Schema()
        key = cursor, meaning
        if key not in self._roots:
            self._roots[key] = self._builder(meaning).root(cursor, meaning.closed)
        return self._roots[key]

    def _builder(self, meaning: Meaning) -> SchemaBuilder:
        key = meaning.version, meaning.direction, meaning.formats
        if key not in self._builders:
            self._builders[key] = SchemaBuilder(
                self._findings, version=meaning.version, direction=meaning.direction, formats=meaning.formats, table=self._growing
            )
        return self._builders[key]

    def called(self, number: int) -> Schema:
        """What a `Call` stands for."""
        return self._growing[number]

    def number(self, place: Formula, at: At, *, is_deep: bool) -> int:
        """The shape's number; a finding when there are too many of them."""
        try:
            return self.shapes.number(place, is_deep=is_deep)
        except (IntricateError, RecursionError):
            text = "the types of texts in this schema can't be told: too many ways lead through it"
            self._findings.error(codes.INTRICATE, text, at(), help="use `content: application/json` instead of a style")
            return 0

    def control(self, at: Span) -> JsonSchema:
        """All that was built."""
        return JsonSchema(at=lambda: at, table=tuple(self._growing.table), shapes=self.shapes.shapes)
