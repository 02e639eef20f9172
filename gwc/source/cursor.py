"""A value of a document together with its place, and how references lead from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gwc.diagnostics import Span
from gwc.source import codes
from gwc.source.document import Document, Pointer
from gwc.source.limits import MAX_REFERENCE_CHAIN
from gwc.source.reference import Where, find, parse_reference
from gwc.source.text import problem


@dataclass(frozen=True, slots=True)
class Cursor:
    """One value: `document` and `pointer` say where, `value` is what is there."""

    document: Document = field(repr=False)
    pointer: Pointer
    value: Any = field(repr=False, compare=False)

    @classmethod
    def root(cls, document: Document) -> Cursor:
        """The whole document."""
        return cls(document, (), document.value)

    def child(self, step: str | int) -> Cursor:
        """A member or item. Raises KeyError, IndexError."""
        return Cursor(self.document, (*self.pointer, step), self.value[step])

    def get(self, key: str) -> Cursor | None:
        """A member; None when it is not there or this is no mapping."""
        return self.child(key) if isinstance(self.value, dict) and key in self.value else None

    def members(self) -> Iterator[tuple[str, Cursor]]:
        """The members of a mapping, in the order of the file; nothing for other values."""
        for key, value in self.value.items() if isinstance(self.value, dict) else ():
            yield key, Cursor(self.document, (*self.pointer, key), value)

    def items(self) -> Iterator[Cursor]:
        """The items of a list; nothing for other values."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Cursor(self.document, (*self.pointer, index), value)

    def span(self, key: bool = False) -> Span:
        """Where the value, or the name of the member, is written."""
        return self.document.span(self.pointer, key)

    @property
    def is_reference(self) -> bool:
        """Whether this is a mapping with a `$ref` of text."""
        return isinstance(self.value, dict) and isinstance(self.value.get("$ref"), str)

    def target(self, where: Where | None = None) -> Cursor:
        """What the `$ref` of this mapping stands for, one step on; `where` finds the place to complain about. Raises Problems."""
        where = where or self.child("$ref").span
        reference = parse_reference(self.value["$ref"], self.document.path, where)
        there = self.document
        if reference.path is not None:
            there = there.loader.load(reference.path, where)
        return Cursor(there, *find(reference.pointer, there.value, where))

    def resolve(self) -> Cursor:
        """The value itself, or what its `$ref` stands for, over a whole chain. Raises Problems."""
        here = self
        for _ in range(MAX_REFERENCE_CHAIN):
            if not here.is_reference:
                return here
            here = here.target()
            if here == self:
                raise problem(codes.MALFORMED_REFERENCE, "a $ref that leads back to itself", self.child("$ref").span())
        raise problem(codes.LIMIT, f"more than {MAX_REFERENCE_CHAIN} references in a row", self.child("$ref").span())
