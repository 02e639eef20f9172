"""Schemas of forms and their Encoding Objects -> how each field is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gwc.controls.body import media_range
from gwc.controls.validation import Field, Form, Kind, Reading, Style
from gwc.diagnostics import Findings, Span
from gwc.jsonschema.tree import Schema
from gwc.jsonschema.types import ALL
from gwc.lowering.validation import codes
from gwc.lowering.validation.any_text import member_takes_any_text
from gwc.lowering.validation.binary import BinaryProperties
from gwc.lowering.validation.formula import Formula
from gwc.lowering.validation.json_types import is_json
from gwc.lowering.validation.reading import TEXT_TYPES, UnclearError, kinds_of, possible_kinds, without_null
from gwc.lowering.validation.schemas import At, Meaning, Schemas
from gwc.source.cursor import Cursor
from gwc.source.text import shown

_FORM_STYLES: tuple[Style, ...] = ("form", "spaceDelimited", "pipeDelimited", "deepObject")


@dataclass(frozen=True, slots=True)
class FormSource:
    """A Media Type Object of a form; `is_multipart`: else it is urlencoded."""

    cursor: Cursor
    is_multipart: bool


class Forms:
    """Makes forms. What is wrong with a field is one finding."""

    def __init__(self, schemas: Schemas, findings: Findings) -> None:
        self._schemas, self._findings = schemas, findings

    def form(self, source: FormSource, meaning: Meaning) -> Form | None:
        """The form; None after a finding."""
        schema_cursor = source.cursor.get("schema")
        schema = self._schemas.root(schema_cursor, meaning)
        place = self._schemas.shapes.place(schema)
        if "object" not in self._schemas.shapes.types(place):
            self._error(source, "the schema of a form takes no object, so no form could be valid", "describe its fields as properties")
            return None
        binary = BinaryProperties(schema_cursor, meaning.version)
        encodings = dict(_encodings(source.cursor))
        fields = [self._field(source, schema, name, place, binary, encodings.get(name)) for name in self._schemas.shapes.names(place)]
        self._tell_ignored(source, encodings)
        if None in fields:
            return None
        return Form(schema=schema, fields=tuple(f for f in fields if f is not None), rest=self._rest(source, place))

    def _error(self, source: FormSource, text: str, help_: str, at: At | None = None) -> None:
        self._findings.error(codes.FIELD, text, at() if at else source.cursor.span(key=True), help=help_)

    def _tell_ignored(self, source: FormSource, encodings: Mapping[str, Cursor]) -> None:
        for one in encodings.values():
            if one.get("headers") is not None:
                text = "the headers of parts are not looked at, but for Content-Type"
                self._findings.add(codes.NOT_LOOKED_AT, "note", text, one.child("headers").span(key=True))
            elif source.is_multipart and any(one.get(key) is not None for key in ("style", "explode", "allowReserved")):
                self._findings.add(codes.NOT_LOOKED_AT, "note", "styles mean nothing in multipart/form-data", one.span(key=True))

    def _field(
        self, source: FormSource, whole: Schema, name: str, place: Formula, binary: BinaryProperties, encoding: Cursor | None
    ) -> Field | None:
        member = self._schemas.shapes.member(place, name)

        def at() -> Span:
            return (encoding or source.cursor).span(key=True)

        try:
            if source.is_multipart:
                return self._part(whole, name, member, encoding, at, is_binary=binary.has(name))
            return self._urlencoded(name, member, encoding, at)
        except UnclearError as error:
            self._error(source, f"the field {shown(name)} can't be read: {error.why}", error.help, at)
            return None

    # --- urlencoded --------------------------------------------------------------------------------------------------------

    def _urlencoded(self, name: str, member: Formula, encoding: Cursor | None, at: At) -> Field:
        value = encoding.value if encoding else {}
        if any(key in value for key in ("style", "explode", "allowReserved")):
            style = value.get("style", "form")
            if style not in _FORM_STYLES:
                raise UnclearError(f"style {shown(str(style))} does not exist in forms", f"one of {', '.join(_FORM_STYLES)}")
            return self._styled(name, member, style, at, explode=value.get("explode", style == "form"))
        if "contentType" in value:
            return self._typed(name, member, _ranges(value["contentType"]), at)
        if self._is_structure(member):
            return self._json(name, member)
        return self._styled(name, member, "form", at, explode=True)

    def _styled(self, name: str, member: Formula, style: Style, at: At, *, explode: bool) -> Field:
        kinds = kinds_of(self._schemas.shapes, member, style, explode=explode, location="query")
        if style == "form" and explode and "object" in kinds:
            raise UnclearError("an exploded object has no name in the form", "use deepObject, or `explode: false`")
        return self._made(name, member, style, kinds, at, explode=explode)

    def _typed(self, name: str, member: Formula, ranges: tuple[str, ...], at: At) -> Field:
        if ranges and all(map(is_json, ranges)):
            return self._json(name, member)
        if ranges and all(r.startswith("text/") for r in ranges) and not self._is_structure(member):
            return self._styled(name, member, "form", at, explode=True)
        raise UnclearError("its content type is neither JSON nor text", "use application/json or text/plain")

    # --- multipart ---------------------------------------------------------------------------------------------------------

    def _part(self, whole: Schema, name: str, member: Formula, encoding: Cursor | None, at: At, *, is_binary: bool) -> Field:
        ranges = _ranges(encoding.value["contentType"]) if encoding and "contentType" in encoding.value else ()
        if ranges and all(map(is_json, ranges)):
            return self._json(name, member, ranges)
        if is_binary or (ranges and not all(r.startswith("text/") for r in ranges)):
            return self._binary(whole, name, member, ranges)
        if self._is_structure(member):
            return self._json(name, member, ranges)
        kinds = kinds_of(self._schemas.shapes, member, "form", explode=True, location="query")
        if "object" in kinds:
            raise UnclearError("a part that is a text or an object has more than one reading", "let the schema allow one of them")
        return self._made(name, member, "form", kinds, at, explode=True, ranges=ranges)

    def _binary(self, whole: Schema, name: str, member: Formula, ranges: tuple[str, ...]) -> Field:
        shapes = self._schemas.shapes
        is_list = shapes.types(member) != ALL and "array" in shapes.types(member)
        if not member_takes_any_text(whole, name, self._schemas, in_list=is_list):
            raise UnclearError(
                "the bytes of a file are not looked at, but its schema asks for something", "ask for `type: string` and no more"
            )
        return self._made(name, member, "binary", ("array",) if is_list else ("text",), None, explode=True, ranges=ranges)

    # --- both --------------------------------------------------------------------------------------------------------------

    def _is_structure(self, member: Formula) -> bool:
        """Whether OpenAPI's default for the field is JSON: an object, or an array of what is no text."""
        shapes = self._schemas.shapes
        types = without_null(shapes.types(member))
        if not types or TEXT_TYPES & types:
            return False
        return "object" in types or not TEXT_TYPES & without_null(shapes.types(shapes.items(member, None)))

    def _json(self, name: str, member: Formula, ranges: tuple[str, ...] = ()) -> Field:
        kinds = possible_kinds(self._schemas.shapes.types(member))
        return Field(name=name, reading=Reading(style="json", explode=True, kinds=kinds, shape=0), media_types=ranges)

    def _made(
        self,
        name: str,
        member: Formula,
        style: Style,
        kinds: tuple[Kind, ...],
        at: At | None,
        *,
        explode: bool,
        ranges: tuple[str, ...] = (),
    ) -> Field:
        number = 0 if at is None else self._schemas.number(member, at, is_deep=style == "deepObject")
        return Field(name=name, reading=Reading(style=style, explode=explode, kinds=kinds, shape=number), media_types=ranges)

    def _rest(self, source: FormSource, place: Formula) -> Field:
        """How undeclared fields are read: as what the schema says of them; where it says nothing, nobody looks at parts, and texts are texts."""
        rest = self._schemas.shapes.rest(place)
        if self._is_structure(rest):
            return self._json("", rest)
        is_any = self._schemas.shapes.types(rest) == ALL
        kinds: tuple[Kind, ...] = tuple(k for k in possible_kinds(self._schemas.shapes.types(rest)) if k != "object")
        style: Style = "binary" if source.is_multipart and is_any else "form"
        return self._made("", rest, style, kinds, source.cursor.span, explode=True)


def _encodings(cursor: Cursor) -> Iterator[tuple[str, Cursor]]:
    found = cursor.get("encoding")
    for name, member in found.resolve().members() if found else ():
        yield name, member.resolve()


def _ranges(text: str) -> tuple[str, ...]:
    """The media ranges of a contentType. Raises UnclearError."""
    found = [media_range(part) for part in text.split(",")]
    if None in found:
        raise UnclearError("its contentType is no list of media types", "for example image/png, image/jpeg")
    return tuple(r for r in found if r is not None)
