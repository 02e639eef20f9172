"""What the official schema lets pass in a Schema Object although it can't be meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from typing import Any

from gwc.diagnostics import Findings
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.text import shown

DIALECTS = frozenset(
    {
        "https://spec.openapis.org/oas/3.1/dialect/base",
        "https://json-schema.org/draft/2020-12/schema",
    }
)
"""The dialects that OpenAPI 3.1 schemas are read in; others are refused, never fetched."""

_KEYWORDS = (
    "$schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs definitions title description default deprecated "
    "readOnly writeOnly examples example type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength "
    "pattern maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired format "
    "contentEncoding contentMediaType contentSchema allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains "
    "properties patternProperties additionalProperties propertyNames unevaluatedItems unevaluatedProperties discriminator xml externalDocs "
    "nullable dependencies additionalItems"
)
KEYWORDS = frozenset(_KEYWORDS.split())
"""JSON Schema 2020-12, OpenAPI's own, and those of older drafts that documents carry along."""

OLDER_KEYWORDS = frozenset({"patternProperties", "dependencies", "definitions", "additionalItems"})
"""Words of JSON Schema draft 4 that OpenAPI 3.0 left out: who writes them means them, so they are enforced."""

_RANGES = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


class SchemaLint:
    """Looks at one Schema Object at a time, not below it."""

    def __init__(self, version: str, findings: Findings) -> None:
        """`version`: "3.0" or "3.1"."""
        self._is_31, self._findings = version == "3.1", findings

    def check(self, schema: dict[str, Any], where: Callable[[], Cursor]) -> None:
        """Adds what is wrong with a schema; `where` gives its cursor and is called only for findings."""
        for low, high in _RANGES:
            if low in schema and high in schema:
                self._check_range(where, low, high)
        if self._is_31:
            if "$schema" in schema:
                check_dialect(where().child("$schema"), self._findings)
            if not KEYWORDS.issuperset(schema):
                self._check_keywords(where())
        elif not OLDER_KEYWORDS.isdisjoint(schema) or isinstance(schema.get("items"), list):
            self._check_older(where())

    def _check_range(self, where: Callable[[], Cursor], low: str, high: str) -> None:
        cursor = where()
        bounds = cursor.value[low], cursor.value[high]
        if all(isinstance(b, int | float) for b in bounds) and bounds[0] > bounds[1]:
            places = cursor.child(low).span(), cursor.child(high).span()
            self._findings.warning(codes.CONTRADICTION, f"no value has {low} {bounds[0]} and {high} {bounds[1]}", *places)

    def _check_older(self, cursor: Cursor) -> None:
        for name, member in cursor.members():
            if name in OLDER_KEYWORDS or (name == "items" and isinstance(member.value, list)):
                self._findings.warning(
                    codes.OLDER_KEYWORD, f"OpenAPI 3.0 has no such `{name}`: it is read as JSON Schema draft 4 says", member.span(key=True)
                )

    def _check_keywords(self, cursor: Cursor) -> None:
        for name, member in cursor.members():
            meant = None if name in KEYWORDS or name.startswith("x-") else _nearest(name)
            if meant:
                self._findings.warning(
                    codes.UNKNOWN_KEYWORD,
                    f"unknown schema keyword {shown(name)} has no effect",
                    member.span(key=True),
                    help=f"did you mean `{meant}`?",
                )


def check_dialect(cursor: Cursor, findings: Findings) -> None:
    """Adds an error unless the value is one of `DIALECTS`."""
    if not isinstance(cursor.value, str) or cursor.value.removesuffix("#") not in DIALECTS:
        known = " or ".join(sorted(DIALECTS))
        findings.error(codes.DIALECT, "a JSON Schema dialect that gwc does not read", cursor.span(), help=f"use {known}")


@cache
def _nearest(name: str) -> str | None:
    found = difflib.get_close_matches(name, KEYWORDS, n=1, cutoff=0.8) if len(name) < 40 else []
    return found[0] if found else None
