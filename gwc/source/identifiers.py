"""The schemas of a document that have a name of their own: `$id`, `$anchor` and `$dynamicAnchor` of JSON Schema 2020-12, for OpenAPI 3.1.

What they name is found in the document itself: nothing is fetched. Only schemas count: an `$id` in an example, a constant or under an unknown
keyword names nothing. A file without `openapi` is read as a schema, or as a holder of schemas by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from gwc.source.kinds import Kind, Shape, place_of
from gwc.source.uri import resolve_uri

Pointer = tuple[str | int, ...]

_MAY_NAME = re.compile(r"\$id|\$anchor|\$dynamicAnchor|\\u0024|\\x24|\\U00000024")
"""Without any of these, also as an escape, a text names no schema: most documents need not be looked through."""
_SCHEMA_WORDS = frozenset(
    {
        "$id",
        "$schema",
        "$ref",
        "$dynamicRef",
        "$anchor",
        "$dynamicAnchor",
        "$defs",
        "type",
        "properties",
        "items",
        "allOf",
        "anyOf",
        "oneOf",
        "enum",
        "const",
        "not",
    }
)


_FILES = "gwc-file:///"
"""The base URI of files: a scheme that no `$id` has."""


class Resource(NamedTuple):
    """A schema with an `$id`, or the document: where it begins, and the URI that references inside are relative to."""

    pointer: Pointer
    uri: str

    @property
    def path(self) -> str | None:
        """The path below the project's root that other files are found from; None for a URI of another world."""
        return unquote(self.uri.removeprefix(_FILES)) if self.uri.startswith(_FILES) else None


class Conflict(NamedTuple):
    """Two schemas with one name: `pointer` is at the keyword of the second one."""

    pointer: Pointer
    earlier: Pointer
    what: str


class _Node(NamedTuple):
    shape: Shape
    kind: Kind
    pointer: Pointer
    value: Any
    resource: Resource


class Identifiers:
    """What one document names. Resources are known by absolute URI, anchors by the resource they lie in."""

    def __init__(self, path: str, text: str, value: Any) -> None:
        self.document = Resource((), _FILES + quote(path))
        self.resources: dict[str, Resource] = {self.document.uri: self.document}
        self.anchors: dict[tuple[Pointer, str], Pointer] = {}
        self.dynamic: dict[Pointer, dict[str, Pointer]] = {}
        self.conflicts: list[Conflict] = []
        self._by_pointer: dict[Pointer, Resource] = {}
        if _MAY_NAME.search(text):
            self._read(value)
        self.is_empty = not self._by_pointer and not self.anchors

    def resource_of(self, pointer: Pointer) -> Resource:
        """The innermost resource that a place lies in, itself included."""
        if self._by_pointer:
            for length in range(len(pointer), -1, -1):
                if pointer[:length] in self._by_pointer:
                    return self._by_pointer[pointer[:length]]
        return self.document

    def _read(self, value: Any) -> None:
        is_openapi = isinstance(value, dict) and "openapi" in value
        roots = [(Kind.OPENAPI, (), value)] if is_openapi else list(_schemas_of(value, ()))
        stack = [_Node(Shape.ONE, kind, pointer, root, self.document) for kind, pointer, root in reversed(roots)]
        seen: set[tuple[int, Kind]] = set()
        while stack:
            node = stack.pop()
            if node.shape is not Shape.ONE:
                stack.extend(reversed([*_members(node)]))
            elif isinstance(node.value, dict) and (id(node.value), node.kind) not in seen:
                seen.add((id(node.value), node.kind))
                resource = self._take(node.pointer, node.value, node.resource) if node.kind is Kind.SCHEMA else node.resource
                stack.extend(reversed([*_parts(node, resource)]))

    def _take(self, pointer: Pointer, schema: dict[str, Any], resource: Resource) -> Resource:
        """Keeps the names of one schema; returns the resource that its members lie in."""
        identifier = schema.get("$id")
        if isinstance(identifier, str) and identifier.partition("#")[0]:
            resource = Resource(pointer, resolve_uri(resource.uri, identifier.partition("#")[0]))
            self._by_pointer[pointer] = resource
            earlier = self.resources.setdefault(resource.uri, resource)
            if earlier.pointer != pointer:
                self.conflicts.append(Conflict((*pointer, "$id"), (*earlier.pointer, "$id"), "$id"))
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = schema.get(keyword)
            if isinstance(name, str):
                self._take_anchor(keyword, name, pointer, resource)
        return resource

    def _take_anchor(self, keyword: str, name: str, pointer: Pointer, resource: Resource) -> None:
        earlier = self.anchors.setdefault((resource.pointer, name), pointer)
        if earlier != pointer:
            self.conflicts.append(Conflict((*pointer, keyword), earlier, "anchor"))
        elif keyword == "$dynamicAnchor":
            self.dynamic.setdefault(resource.pointer, {})[name] = pointer


def _schemas_of(value: Any, pointer: Pointer) -> Iterator[tuple[Kind, Pointer, Any]]:
    """The schemas of a file that is no OpenAPI document."""
    if not isinstance(value, dict):
        return
    if not _SCHEMA_WORDS.isdisjoint(value):
        yield Kind.SCHEMA, pointer, value
        return
    for name, member in value.items():
        yield from _schemas_of(member, (*pointer, name))


def _members(node: _Node) -> Iterator[_Node]:
    value = node.value
    for step, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield _Node(Shape.ONE, node.kind, (*node.pointer, step), child, node.resource)


def _parts(node: _Node, resource: Resource) -> Iterator[_Node]:
    for name, child in node.value.items():
        place = place_of(node.kind, name)
        if place is not None:
            yield _Node(place.shape, place.kind, (*node.pointer, name), child, resource)
