"""Which properties of a form's schema are files: check trees don't have `format: binary` and `contentMediaType`, which assert nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.diagnostics import Problems
from gwc.source.cursor import Cursor
from gwc.source.openapi_model import Version

_MOST = 500
"""Schemas that are looked at."""


class BinaryProperties:
    """The properties, by name, of a schema and all that it refers to for the same value."""

    def __init__(self, schema: Cursor | None, version: Version) -> None:
        """`version`: in 3.1 a schema without any keyword stands for a file, too."""
        self._version = version
        self._names: set[str] = set()
        for one in _in_place(schema):
            for name, member in found.members() if (found := one.get("properties")) else ():
                if any(self._is_binary(s) for s in _in_place(member)):
                    self._names.add(name)

    def has(self, name: str) -> bool:
        """Whether the property is a file, or a list of files."""
        return name in self._names

    def _is_binary(self, schema: Cursor) -> bool:
        value = schema.value
        if not isinstance(value, dict):
            return value is True
        items = value.get("items")
        if isinstance(items, dict):
            return any(self._is_file(s) for s in _in_place(schema.child("items")))
        return self._is_file(schema)

    def _is_file(self, schema: Cursor) -> bool:
        value = schema.value if isinstance(schema.value, dict) else {}
        asserts = set(value) - {"title", "description", "example", "examples", "default", "deprecated"}
        is_empty = self._version == "3.1" and not asserts
        return value.get("format") == "binary" or ("contentMediaType" in value and "contentEncoding" not in value) or is_empty


def _in_place(schema: Cursor | None) -> Iterator[Cursor]:
    """The schema and those that it refers to, or consists of."""
    waiting = [schema] if schema is not None else []
    seen: set[Cursor] = set()
    while waiting and len(seen) < _MOST:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        yield here
        if here.is_reference:
            waiting += _target(here)
        for keyword in ("allOf", "anyOf", "oneOf"):
            found = here.get(keyword)
            waiting += list(found.items()) if found else []


def _target(cursor: Cursor) -> list[Cursor]:
    try:
        return [cursor.target(names=True)]
    except Problems:
        return []  # reported where schemas are built
