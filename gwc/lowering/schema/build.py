"""From Schema Objects to check trees: references are followed, the two dialects are made one, strict mode is written out.

What references lead to is numbered and built once for each way in which it is needed; what is small or anonymous is built where it stands. The
numbered ones wait in a queue, so that chains of references cost no stack.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal, NamedTuple

from gwc.diagnostics import Diagnostic, Findings, Label, Problems
from gwc.jsonschema.tree import NOTHING, Call, Check, Known, Never, Schema, Table, UnevaluatedProperties
from gwc.lowering.schema import codes
from gwc.lowering.schema.apart import Apart
from gwc.lowering.schema.applicators import APPLICATORS, MAKERS, At
from gwc.lowering.schema.assemble import assemble
from gwc.lowering.schema.assertions import assertions
from gwc.lowering.schema.circles import Circles
from gwc.lowering.schema.formats import format_checks
from gwc.lowering.schema.frame import Frame, frame_of
from gwc.lowering.schema.growing import GrowingTable
from gwc.lowering.schema.in_place import InPlace
from gwc.lowering.schema.place import Place, References
from gwc.lowering.schema.summaries import Summaries
from gwc.source.cursor import Cursor
from gwc.source.limits import MAX_REFERENCE_CHAIN
from gwc.source.openapi_model import Version
from gwc.source.text import problem

_ANNOTATIONS = frozenset(
    {
        "$comment",
        "$schema",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "deprecated",
        "readOnly",
        "writeOnly",
        "examples",
        "example",
        "xml",
        "externalDocs",
    }
)
"""Keywords that say nothing about a value: a `$ref` beside nothing else is only that."""
_LARGE_ENUM = 8


class _Job(NamedTuple):
    number: int
    place: Place
    frame: Frame
    is_value: bool


class SchemaBuilder:
    """Builds the schemas of documents of one version, for requests or responses. With errors in the findings no tree may be used."""

    def __init__(
        self,
        findings: Findings,
        *,
        version: Version,
        direction: Literal["request", "response"],
        formats: bool,
        table: GrowingTable | None = None,
    ) -> None:
        """`formats`: whether `format` is asserted. `table`: shared with other builders."""
        self._findings, self._version, self._formats = findings, version, formats
        self.foreign = "readOnly" if direction == "request" else "writeOnly"
        self.references = References(version)
        self._growing = table or GrowingTable()
        self._summaries = Summaries(version, self.references, self.foreign, self._followed, self.complain)
        self._apart = Apart(self.references, self._summaries)
        self._numbers: dict[tuple[Place, Frame, bool], int] = {}
        self._alternatives: dict[tuple[Place, Frame, int | None, bool], Schema] = {}
        self._queue: deque[_Job] = deque()
        self._circles = Circles()
        self._reported: set[Diagnostic] = set()
        self._without_effect: set[tuple[str, str]] = set()

    @property
    def table(self) -> Table:
        """What the numbers of `Call` stand for, of all roots so far."""
        return self._growing.table

    def root(self, cursor: Cursor, closed: bool) -> Schema:
        """The schema at a place of a document. `closed`: as strict mode has it."""
        try:
            schema = self.value(self.references.enter(cursor, ()), closed=closed)
            while self._queue:
                job = self._queue.popleft()
                self._growing.fill(job.number, self._built(job.place, job.frame, job.number, is_value=job.is_value))
        except RecursionError:
            self._queue.clear()
            self.complain(problem(codes.TOO_DEEP, "schemas that lie too deep inside one another", cursor.span()))
            return NOTHING
        self._tell_circles()
        return schema

    def _tell_circles(self) -> None:
        for number, where in self._circles.new():
            message, way_out = (
                "this schema refers to itself for the same value",
                "break the circle: refer to it from a property or from items",
            )
            self.complain(problem(codes.CIRCLE, message, where.span(), help=way_out))
            self._growing.fill(number, NOTHING)

    def complain(self, problems: Problems) -> None:
        """Keeps findings, each once however often its schema is built."""
        for diagnostic in problems.diagnostics:
            if diagnostic not in self._reported:
                self._reported.add(diagnostic)
                self._findings.extend([diagnostic])

    def is_foreign(self, place: Place) -> bool:
        """Whether a member with this schema belongs to the other direction."""
        return self._summaries.is_foreign(place)

    def are_apart(self, places: list[Place]) -> bool:
        """Whether no value fulfils two of the schemas."""
        return self._apart.are_apart(places)

    def value(self, place: Place, *, closed: bool) -> Schema:
        """The schema of a root, member or item: all that applies to it is known here."""
        target = self._end_of_references(place)
        if _is_simple(target):
            return self._built(target, Frame(), None, is_value=True)
        said = self._summaries.of(target)
        frame = frame_of(said, closed=closed and self._is_changed(target, said))
        return self._called(place, target, frame, None, is_value=True) or self._built(target, frame, None, is_value=True)

    def branch(self, place: Place, at: At) -> Schema:
        """A schema that applies to the same value under a condition."""
        said = self._summaries.of(place)
        if not at.frame.closed or not (self._is_changed(place, said) if at.frame.closes_branches else self._summaries.differs_below(place)):
            return self.open_branch(place, at)
        if at.frame.closes_branches:
            return self._in_place(place, frame_of(said, closed=True), at, is_value=True)
        return self._in_place(place, at.frame.for_branch(said), at, is_value=False)

    def open_branch(self, place: Place, at: At) -> Schema:
        """The same, as the document has it."""
        said = self._summaries.of(place)
        return self._in_place(place, frame_of(said, closed=False), at, is_value=False)

    def referred(self, place: Place, keyword: str, at: At) -> list[Check]:
        """What a reference applies to the same value."""
        target = self._followed(place, keyword)
        if target is None:
            return [Never("false")]
        if _is_leaf(target):
            return self.checks(target, at)
        said = self._summaries.of(target)
        frame = (
            at.frame.for_target(said)
            if self._summaries.differs_below(target)
            else Frame(not_required=at.frame.not_required & said.required)
        )
        number = self._number(target, frame, is_value=False)
        self._circles.add(at.owner, number, place.cursor)
        return [Call(number)]

    def checks(self, place: Place, at: At) -> list[Check]:
        """The checks of a schema, in the order of the tree."""
        value = place.cursor.value
        if not isinstance(value, dict):
            return [] if value is True else [Never("false")]
        if self._version == "3.0" and isinstance(value.get("$ref"), str):
            return self.referred(place, "$ref", at)
        checks = list(assertions(place.cursor, self._version, self.complain))
        if self._formats and isinstance(value.get("format"), str):
            checks += self._format(place.cursor.child("format"))
        if "nullable" in value and self._version == "3.1":
            self._note_nullable(place.cursor)
        for keyword, make in MAKERS[self._version].items():
            if keyword in value:
                checks += make(self, place, at, value[keyword])
        return checks

    def _is_changed(self, place: Place, said: InPlace) -> bool:
        """Whether strict mode changes anything in a value with this schema."""
        return said.is_closed_here or said.closes_branches or self._summaries.differs_below(place)

    def _note_nullable(self, schema: Cursor) -> None:
        """Once for each document."""
        name = schema.document.path, "nullable"
        if name not in self._without_effect:
            self._without_effect.add(name)
            place = schema.child("nullable").span(key=True)
            message = "`nullable` has no effect in OpenAPI 3.1"
            self.complain(Problems([Diagnostic(codes.WITHOUT_EFFECT, "note", message, (Label(place),), "add null to `type`")]))

    def _format(self, place: Cursor) -> list[Check]:
        name = place.document.path, f"format {place.value}"
        if name in self._without_effect:
            return []
        try:
            return format_checks(place)
        except Problems as problems:
            self.complain(problems)
            if problems.diagnostics[0].code == codes.WITHOUT_EFFECT:
                self._without_effect.add(name)
            return []

    def _built(self, place: Place, frame: Frame, owner: int | None, *, is_value: bool) -> Schema:
        checks = self.checks(place, At(frame, owner))
        if is_value and frame.closed:
            checks += _closing(self._summaries.of(place))
        return assemble(checks)

    def _in_place(self, place: Place, frame: Frame, at: At, *, is_value: bool) -> Schema:
        target = self._end_of_references(place)
        called = self._called(place, target, frame, at.owner, is_value=is_value)
        return called or self._written_out(target, frame, at.owner, is_value=is_value)

    def _written_out(self, place: Place, frame: Frame, owner: int | None, *, is_value: bool) -> Schema:
        """Once: alternatives are asked for several times, and those inside of them for several times each time."""
        key = place, frame, owner, is_value
        if key not in self._alternatives:
            self._alternatives[key] = self._built(place, frame, owner, is_value=is_value)
        return self._alternatives[key]

    def _called(self, place: Place, target: Place, frame: Frame, owner: int | None, *, is_value: bool) -> Schema | None:
        """A call of what references lead to; None where it is written out."""
        if target is place or _is_leaf(target):
            return None
        number = self._number(target, frame, is_value=is_value)
        self._circles.add(owner, number, place.cursor)
        return Schema((Call(number),))

    def _number(self, place: Place, frame: Frame, *, is_value: bool) -> int:
        key = place, frame, is_value and frame.closed
        if key not in self._numbers:
            self._numbers[key] = number = self._growing.reserve()
            self._queue.append(_Job(number, place, frame, is_value))
        return self._numbers[key]

    def _end_of_references(self, place: Place) -> Place:
        """The schema that a schema is that is nothing but a reference, over a whole chain."""
        for _ in range(MAX_REFERENCE_CHAIN):
            target = self._followed(place, "$ref") if self._is_only_reference(place.cursor.value) else None
            if target is None:
                return place
            place = target
        return place

    def _is_only_reference(self, value: Any) -> bool:
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            return False
        return self._version == "3.0" or all(k == "$ref" or k in _ANNOTATIONS or k.startswith("x-") for k in value)

    def _followed(self, place: Place, keyword: str) -> Place | None:
        """What a reference stands for; None when that is an error, which is told."""
        try:
            return self.references.follow(place) if keyword == "$ref" else self.references.follow_dynamic(place)
        except Problems as problems:
            self.complain(problems)
            return None


def _closing(said: InPlace) -> list[Check]:
    """What strict mode adds to a value."""
    if not said.is_closed_here:
        return []
    if said.conditional:
        return [UnevaluatedProperties(NOTHING, "additionalProperties")]
    return [Known("additionalProperties", tuple(sorted(said.names)), said.patterns)]


def _is_leaf(place: Place) -> bool:
    """Whether a schema is so small that it is written out wherever it is referred to."""
    value = place.cursor.value
    if not isinstance(value, dict):
        return True
    return _is_simple(place) and len(value.get("enum") or ()) <= _LARGE_ENUM and len(str(value.get("const", ""))) < 100


def _is_simple(place: Place) -> bool:
    """Whether a schema applies no other one."""
    value = place.cursor.value
    return not isinstance(value, dict) or APPLICATORS.isdisjoint(value)
