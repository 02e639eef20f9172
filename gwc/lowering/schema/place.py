"""Where a schema stands, how it got there, and what its references stand for there."""

from __future__ import annotations

from dataclasses import dataclass

from gwc.source.cursor import Cursor
from gwc.source.document import Document, Pointer

Scope = tuple[tuple[str, Document, Pointer], ...]
"""For each `$dynamicAnchor` of the resources on the way, the outermost schema that has it, by name: all that `$dynamicRef` asks of the way."""


@dataclass(frozen=True, slots=True)
class Place:
    """A schema, and the dynamic scope that it is evaluated in. Equal places mean the same."""

    cursor: Cursor
    scope: Scope = ()

    def __hash__(self) -> int:
        """By the pointer alone: places are looked up for every schema, and few differ in the rest only."""
        return hash(self.cursor.pointer)


class References:
    """Follows references as one version of OpenAPI reads them."""

    def __init__(self, version: str) -> None:
        """`version`: "3.0" or "3.1"."""
        self._names = version == "3.1"
        self._followed: dict[tuple[str, str], Cursor] = {}

    def enter(self, cursor: Cursor, scope: Scope) -> Place:
        """The place of a schema that a reference, or nothing, leads to: its resource joins the dynamic scope."""
        if not self._names or cursor.document.identifiers.is_empty:
            return Place(cursor, scope)
        identifiers = cursor.document.identifiers
        anchors = identifiers.dynamic.get(identifiers.resource_of(cursor.pointer).pointer, {})
        known = {name for name, _, _ in scope}
        new = [(name, cursor.document, pointer) for name, pointer in anchors.items() if name not in known]
        return Place(cursor, tuple(sorted((*scope, *new), key=lambda entry: entry[0])) if new else scope)

    def child(self, place: Place, *steps: str | int) -> Place:
        """A schema inside of another one."""
        cursor = place.cursor
        for step in steps:
            cursor = cursor.child(step)
        if isinstance(cursor.value, dict) and "$id" in cursor.value:
            return self.enter(cursor, place.scope)
        return Place(cursor, place.scope)

    def follow(self, place: Place) -> Place:
        """What the `$ref` of a schema stands for. Raises Problems."""
        return self.enter(self._target(place.cursor, "$ref"), place.scope)

    def follow_text(self, cursor: Cursor) -> Cursor:
        """What a text that is a reference stands for. Raises Problems."""
        return cursor.follow(cursor.value, cursor.span, names=self._names)

    def follow_dynamic(self, place: Place) -> Place:
        """What the `$dynamicRef` of a schema stands for in its dynamic scope (JSON Schema Core 2020-12, 8.2.3.2). Raises Problems."""
        target = self._target(place.cursor, "$dynamicRef")
        name = place.cursor.value["$dynamicRef"].partition("#")[2]
        identifiers = target.document.identifiers
        resource = identifiers.resource_of(target.pointer).pointer
        if identifiers.dynamic.get(resource, {}).get(name) == target.pointer:
            for known, document, pointer in place.scope:
                if known == name:
                    return self.enter(_at(document, pointer), place.scope)
        return self.enter(target, place.scope)

    def _target(self, cursor: Cursor, keyword: str) -> Cursor:
        text = cursor.value[keyword]
        base = cursor.document.identifiers.resource_of(cursor.pointer).uri if self._names else cursor.document.path
        if (base, text) not in self._followed:
            self._followed[base, text] = cursor.follow(text, cursor.child(keyword).span, names=self._names)
        return self._followed[base, text]


def _at(document: Document, pointer: Pointer) -> Cursor:
    cursor = Cursor.root(document)
    for step in pointer:
        cursor = cursor.child(step)
    return cursor
