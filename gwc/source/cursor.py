"""A value of a document together with its place, and how references lead from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gwc.diagnostics import Span
from gwc.source import codes
from gwc.source.document import Document, Pointer
from gwc.source.identifiers import Resource
from gwc.source.limits import MAX_REFERENCE_CHAIN
from gwc.source.reference import Where, find, is_remote, parse_fragment, parse_reference, remote
from gwc.source.text import problem, shown
from gwc.source.uri import resolve_uri


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

    @classmethod
    def at(cls, document: Document, pointer: Pointer) -> Cursor:
        """What is at a pointer that the document has. Raises KeyError, IndexError."""
        value = document.value
        for step in pointer:
            value = value[step]
        return cls(document, pointer, value)

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

    def target(self, where: Where | None = None, *, names: bool = False) -> Cursor:
        """What the `$ref` of this mapping stands for, one step on; `where` finds the place to complain about. Raises Problems.

        `names`: whether `$id` and `$anchor` count, as in the schemas of OpenAPI 3.1.
        """
        where = where or self.child("$ref").span
        return self.follow(self.value["$ref"], where, names=names)

    def follow(self, text: str, where: Where, *, names: bool) -> Cursor:
        """What a reference at this place stands for. Raises Problems."""
        if names and not self.document.identifiers.is_empty:
            return self._follow_by_name(text, where)
        return self._follow_by_file(text, self.document.path, where, names=names)

    def _follow_by_file(self, text: str, referring_path: str, where: Where, *, names: bool) -> Cursor:
        reference = parse_reference(text, referring_path, where, anchors=names)
        there = self.document
        if reference.path is not None:
            there = there.loader.load(reference.path, where)
        if reference.anchor is not None:
            return _anchored(there, there.identifiers.document, reference.anchor, where)
        return Cursor(there, *find(reference.pointer, there.value, where))

    def _follow_by_name(self, text: str, where: Where) -> Cursor:
        """The base URI is that of the resource; what has no `$id` in this document must be a file of the project."""
        identifiers = self.document.identifiers
        own = identifiers.resource_of(self.pointer)
        file, _, fragment = text.partition("#")
        uri = resolve_uri(own.uri, file)
        resource = identifiers.resources.get(uri)
        if resource is None:
            if is_remote(text) or own.path is None:
                raise remote(text, where)
            return self._follow_by_file(text, own.path, where, names=True)
        pointer, anchor = parse_fragment(text, fragment, where, anchors=True)
        if anchor is not None:
            return _anchored(self.document, resource, anchor, where)
        below, value = find(pointer, Cursor.at(self.document, resource.pointer).value, where)
        return Cursor(self.document, (*resource.pointer, *below), value)

    def resolve(self, *, names: bool = False) -> Cursor:
        """The value itself, or what its `$ref` stands for, over a whole chain. Raises Problems."""
        here = self
        for _ in range(MAX_REFERENCE_CHAIN):
            if not here.is_reference:
                return here
            here = here.target(names=names)
            if here == self:
                raise problem(codes.MALFORMED_REFERENCE, "a $ref that leads back to itself", self.child("$ref").span())
        raise problem(codes.LIMIT, f"more than {MAX_REFERENCE_CHAIN} references in a row", self.child("$ref").span())


def _anchored(document: Document, resource: Resource, anchor: str, where: Where) -> Cursor:
    pointer = document.identifiers.anchors.get((resource.pointer, anchor))
    if pointer is None:
        raise problem(codes.DANGLING_REFERENCE, f"there is no schema with the $anchor {shown(anchor)}", where())
    return Cursor.at(document, pointer)
