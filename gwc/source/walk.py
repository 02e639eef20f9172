"""Visits everything that an OpenAPI document consists of, over all its files, each place once; finds every `$ref` and what it stands for.

Iterative: the depth of a document, the length of a chain and cycles between schemas cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from gwc.diagnostics import Diagnostic, Findings, Problems
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.document import Document, Pointer
from gwc.source.kinds import COMPONENT_SECTIONS, METHODS, REFERABLE, Kind, Shape, place_of
from gwc.source.limits import MAX_REFERENCE_CHAIN
from gwc.source.reference import is_remote
from gwc.source.schema_lint import SchemaLint

_Trail = tuple[Any, str | int] | None
"""A pointer as a chain from its end: cheap to make for each of a million places, and rarely needed."""


def _pointer(trail: _Trail) -> Pointer:
    steps: list[str | int] = []
    while trail is not None:
        trail, step = trail[0], trail[1]
        steps.append(step)
    return tuple(reversed(steps))


def _id(cursor: Cursor) -> tuple[str, Pointer]:
    return cursor.document.path, cursor.pointer


class _Node(NamedTuple):
    shape: Shape
    kind: Kind
    document: Document
    trail: _Trail
    value: Any

    def cursor(self) -> Cursor:
        return Cursor(self.document, _pointer(self.trail), self.value)


class Walk:
    """One walk from the root. After `run`, `targets` and `misplaced` are complete; errors are in the findings."""

    def __init__(self, version: str, findings: Findings) -> None:
        """`version`: "3.0" or "3.1": they differ in what may stand beside a `$ref`."""
        self.targets: dict[tuple[str, Pointer, Kind], Cursor] = {}
        """What references stand for, by kind, except what is under the kind's own section of the root's components."""
        self.misplaced: dict[tuple[str, Pointer], Cursor] = {}
        """References where OpenAPI has none (instead of an operation, a map, a description), and what they stand for."""
        self._version, self._findings = version, findings
        self._seen: set[tuple[int, Shape, Kind]] = set()
        self._followed: dict[tuple[str, str], Cursor] = {}
        self._reported: set[Diagnostic] = set()
        self._links: dict[tuple[str, Pointer], float] = {}  # references that follow in a chain; infinite: it is too long, and reported
        self._lint = SchemaLint(version, findings)
        self._root: Document | None = None
        self._documents: dict[str, Document] = {}
        self._named: set[str] = set()

    def run(self, root: Document) -> None:
        """Visits the whole document."""
        self._root = root
        stack = [_Node(Shape.ONE, Kind.OPENAPI, root, None, root.value)]
        while stack:
            node = stack.pop()
            if isinstance(node.value, dict | list) and self._is_new(node):
                stack.extend(self._below(node))

    def document(self, path: str) -> Document:
        """A file that the walk has seen a misplaced reference in."""
        return self._documents[path]

    def _is_new(self, node: _Node) -> bool:
        # Containers live as long as their document, so their identity is stable; one behind YAML aliases is visited once.
        key = (id(node.value), node.shape, node.kind)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _below(self, node: _Node) -> Iterator[_Node]:
        if isinstance(node.value, dict) and "$ref" in node.value and self._is_reference_place(node):
            yield from self._reference(node)
            if not (node.kind is Kind.SCHEMA and self._version == "3.1" and node.shape is Shape.ONE):
                return
        yield from self._children(node)

    def _is_reference_place(self, node: _Node) -> bool:
        """A `$ref` of another type than text in a map is a member that is named so: a property, say."""
        return (node.shape is Shape.ONE and node.kind in REFERABLE) or isinstance(node.value["$ref"], str)

    def _children(self, node: _Node) -> Iterator[_Node]:
        shape, kind, document, trail, value = node
        if shape is Shape.ONE:
            yield from self._object(node)
        elif shape is Shape.LIST:
            for index, item in enumerate(value if isinstance(value, list) else ()):
                yield _Node(Shape.ONE, kind, document, (trail, index), item)
        elif isinstance(value, dict):
            for name, member in value.items():
                if shape is Shape.MAP or not name.startswith("x-"):
                    yield _Node(Shape.ONE, kind, document, (trail, name), member)

    def _object(self, node: _Node) -> Iterator[_Node]:
        _, kind, document, trail, value = node
        if not isinstance(value, dict):
            return
        if kind is Kind.SCHEMA:
            yield from self._schema(node)
        elif "example" in value and "examples" in value and kind in (Kind.PARAMETER, Kind.HEADER, Kind.MEDIA_TYPE):
            cursor = node.cursor()
            places = cursor.child("examples").span(key=True), cursor.child("example").span(key=True)
            self._findings.error(
                codes.EXAMPLE_AND_EXAMPLES, "`example` and `examples` exclude each other", *places, help="keep one of them"
            )
        for name, member in value.items():
            place = place_of(kind, name)
            if place is not None:
                yield _Node(place.shape, place.kind, document, (trail, name), member)

    def _schema(self, node: _Node) -> Iterator[_Node]:
        if isinstance(node.value.get("items"), list):  # a tuple of draft 4; in 3.1 the structural check complains
            yield _Node(Shape.LIST, Kind.SCHEMA, node.document, (node.trail, "items"), node.value["items"])
        self._lint.check(node.value, node.cursor)
        if self._version == "3.1":
            self._check_names(node.document)
            if isinstance(node.value.get("$dynamicRef"), str):
                place = node.cursor().child("$dynamicRef")
                stand_in = Cursor(node.document, place.pointer[:-1], {"$ref": place.value})
                yield from self._follow(stand_in, Kind.SCHEMA, Shape.ONE, place)
        discriminator = node.value.get("discriminator")
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        for name in mapping if isinstance(mapping, dict) else ():
            cursor = node.cursor().child("discriminator").child("mapping").child(name)
            if isinstance(cursor.value, str):
                yield from self._mapping(cursor)

    def _check_names(self, document: Document) -> None:
        """Adds an error for each name that two schemas of the file have; the files are looked at once."""
        if document.path in self._named:
            return
        self._named.add(document.path)
        for conflict in document.identifiers.conflicts:
            places = document.span(conflict.pointer), document.span(conflict.earlier)
            self._findings.error(codes.SCHEMA_NAME, f"two schemas have the same {conflict.what}", *places, help="give one another name")

    def _mapping(self, place: Cursor) -> Iterator[_Node]:
        """A discriminator maps to the name of a schema, or to a reference: the latter has a slash, a hash or a scheme."""
        text = place.value
        if is_remote(text) or "/" in text or "#" in text:
            stand_in = Cursor(place.document, place.pointer, {"$ref": text})
            yield from self._follow(stand_in, Kind.SCHEMA, Shape.ONE, place)

    def _reference(self, node: _Node) -> Iterator[_Node]:
        cursor = node.cursor()
        place = cursor.child("$ref")
        if not isinstance(place.value, str):
            self._findings.error(codes.MALFORMED_REFERENCE, "a $ref must be text", place.span())
            return
        if node.kind is Kind.PATH_ITEM:
            self._check_beside(cursor)
        if node.shape is not Shape.ONE or node.kind not in REFERABLE:
            yield from self._misplaced(cursor, node)
        else:
            yield from self._follow(cursor, node.kind, node.shape, place)

    def _check_beside(self, item: Cursor) -> None:
        """OpenAPI leaves open what operations beside a path item's `$ref` mean: gwc does not guess."""
        for name, member in item.members():
            if name in (*METHODS, "parameters", "servers"):
                message = f"`{name}` beside the $ref of a path item has no defined meaning"
                self._findings.error(
                    codes.MALFORMED_REFERENCE, message, member.span(key=True), help="move it into the path item referred to"
                )

    def _misplaced(self, cursor: Cursor, node: _Node) -> Iterator[_Node]:
        for below in self._follow(cursor, node.kind, node.shape, cursor.child("$ref")):
            self.misplaced[cursor.document.path, cursor.pointer] = below.cursor()
            self._documents[cursor.document.path] = cursor.document
            yield below

    def _follow(self, cursor: Cursor, kind: Kind, shape: Shape, place: Cursor) -> Iterator[_Node]:
        try:
            target = self._target(cursor, place)
        except Problems as problems:
            self._report(problems)
            return
        if shape is Shape.ONE and kind in REFERABLE and not self._is_component(target, kind):
            self.targets[target.document.path, target.pointer, kind] = target
        trail: _Trail = None
        for step in target.pointer:
            trail = (trail, step)
        yield _Node(shape, kind, target.document, trail, target.value)

    def _target(self, cursor: Cursor, place: Cursor) -> Cursor:
        names = self._version == "3.1"
        base = cursor.document.identifiers.resource_of(cursor.pointer).uri if names else cursor.document.path
        key = (base, cursor.value["$ref"])
        if key not in self._followed:
            self._followed[key] = cursor.target(place.span, names=names)
        target = self._followed[key]
        if target.is_reference:
            self._check_chain(target)
        return target

    def _check_chain(self, start: Cursor) -> None:
        """Raises Problems for a chain of references that is too long or a circle: once for each, whichever part of it is met first."""
        here, chain = start, list[Cursor]()
        while here.is_reference and _id(here) not in self._links:
            chain.append(here)
            self._links[_id(here)] = 0
            here = here.target(names=self._version == "3.1")
        length: float = self._links.get(_id(here), 0) if here.is_reference else 0
        if here in chain:
            length = math.inf
        for link in reversed(chain):
            length += 1
            self._links[_id(link)] = length if length <= MAX_REFERENCE_CHAIN else math.inf
            if MAX_REFERENCE_CHAIN < length < math.inf or (length == math.inf and link is chain[0] and here in chain):
                link.resolve(names=self._version == "3.1")

    def _is_component(self, target: Cursor, kind: Kind) -> bool:
        pointer = target.pointer
        return (
            target.document is self._root
            and len(pointer) == 3
            and pointer[0] == "components"
            and COMPONENT_SECTIONS.get(str(pointer[1])) is kind
        )

    def _report(self, problems: Problems) -> None:
        for diagnostic in problems.diagnostics:
            if diagnostic not in self._reported:
                self._reported.add(diagnostic)
                self._findings.extend([diagnostic])
