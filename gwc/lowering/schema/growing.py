"""The table of schemas while it grows."""

from __future__ import annotations

from gwc.jsonschema.tree import NOTHING, Schema, Table


class GrowingTable:
    """Numbers for schemas, given before they are built. Several builders can share one."""

    def __init__(self) -> None:
        self._schemas: list[Schema] = []

    def reserve(self) -> int:
        """A new number. Until it is filled, its schema refuses everything."""
        self._schemas.append(NOTHING)
        return len(self._schemas) - 1

    def fill(self, number: int, schema: Schema) -> None:
        """What the number stands for."""
        self._schemas[number] = schema

    def __getitem__(self, number: int) -> Schema:
        """What a number stands for so far."""
        return self._schemas[number]

    @property
    def table(self) -> Table:
        """All schemas so far."""
        return tuple(self._schemas)
