"""Parameter Objects -> how their texts are found, read and judged."""

from __future__ import annotations

import re
from dataclasses import replace

from gwc.controls import forwarding
from gwc.controls.body import media_range
from gwc.controls.routing import parse_template, shared_place
from gwc.controls.validation import LOCATIONS, Parameter, Reading, Style
from gwc.diagnostics import Findings
from gwc.jsonschema.tree import Schema
from gwc.lowering.validation import codes
from gwc.lowering.validation.any_text import takes_any_text
from gwc.lowering.validation.json_types import is_json
from gwc.lowering.validation.reading import STYLES, UnclearError, kinds_of
from gwc.lowering.validation.schemas import Meaning, Schemas
from gwc.source.cursor import Cursor
from gwc.source.openapi_model import ApiOperation, ApiParameter
from gwc.source.text import shown

_IGNORED = frozenset({"accept", "content-type", "authorization"})
"""OpenAPI: a header parameter with such a name is ignored."""
_REPLACED = frozenset(
    {*forwarding.OVERWRITTEN, *forwarding.IDENTITY, *forwarding.ALWAYS_REMOVED, "content-length", "transfer-encoding", "expect"}
)
_FIELD_NAME = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+", re.ASCII)
"""A token without underscore: gateways refuse names with one (`normalise.headerName`)."""


class Parameters:
    """Makes the parameters of operations; each Parameter Object is read once, and what is wrong with it is said once."""

    def __init__(self, schemas: Schemas, findings: Findings) -> None:
        self._schemas, self._findings = schemas, findings
        self._known: dict[tuple[Cursor, Meaning], Parameter | None] = {}

    def of_operation(self, source: ApiOperation, base_path: str, meaning: Meaning) -> tuple[Parameter, ...]:
        """The parameters in the order of evaluation."""
        found = [p for s in source.parameters if (p := self._in_operation(s, source, base_path, meaning)) is not None]
        return tuple(sorted(found, key=lambda p: (LOCATIONS.index(p.location), p.name)))

    def _in_operation(self, source: ApiParameter, operation: ApiOperation, base_path: str, meaning: Meaning) -> Parameter | None:
        key = source.cursor, meaning
        if key not in self._known:
            self._known[key] = self._lowered(source, meaning)
        found = self._known[key]
        if found is None or source.location != "path":
            return found
        if f"{{{source.name}}}" not in operation.path:
            return None  # an error of the document, reported where it is read
        place = shared_place(parse_template(base_path, operation.path), source.name)
        if len(place.literals) > 2 and found.reading.style != "json" and takes_any_text(found.schema, self._schemas):
            return None  # holds however the segment is divided
        return replace(found, place=place)

    def _lowered(self, source: ApiParameter, meaning: Meaning) -> Parameter | None:
        if source.location == "header" and not self._is_read(source):
            return None
        try:
            style, explode, schema_cursor = _serialization(source.cursor, source)
            schema = self._schemas.root(schema_cursor, meaning)
            return self._parameter(source, style, schema, explode=explode)
        except UnclearError as error:
            text = f"the {source.location} parameter {shown(source.name)} can't be read: {error.why}"
            code = codes.CONTENT if source.cursor.get("content") else codes.STYLE
            self._findings.error(code, text, source.cursor.child("name").span(), help=error.help)
            return None

    def _is_read(self, source: ApiParameter) -> bool:
        """Whether this is a header that requests can have and gateways forward."""
        name, span = source.name.lower(), source.cursor.child("name").span()
        if name in _IGNORED:
            return False
        if name in _REPLACED:
            text = f"the header {shown(source.name)} is replaced or removed by the gateway: what clients send is not looked at"
            self._findings.add(codes.HEADER, "note", text, span)
            return False
        if not _FIELD_NAME.fullmatch(name):
            if source.required:
                text = f"no request can have the required header {shown(source.name)}: gateways refuse such names"
                self._findings.error(codes.HEADER, text, span, help="rename it (letters, digits and hyphens), or make it optional")
            return False
        return True

    def _parameter(self, source: ApiParameter, style: Style, schema: Schema, *, explode: bool) -> Parameter:
        shapes = self._schemas.shapes
        place = shapes.place(schema)
        kinds = kinds_of(shapes, place, style, explode=explode, location=source.location)
        if style != "json" and source.cursor.get("content") is not None and kinds != ("text",):
            raise UnclearError("text/plain has no arrays and objects", "use application/json, or `schema` and `style`")
        is_spread = source.location == "query" and style == "form" and explode and "object" in kinds
        number = 0 if style == "json" else self._schemas.number(place, source.cursor.span, is_deep=style == "deepObject")
        return Parameter(
            location=source.location,
            name=source.name,
            required=source.required,
            allow_empty=source.location == "query" and source.cursor.value.get("allowEmptyValue") is True,
            takes_rest=is_spread and shapes.is_open(place),
            place=None,
            reading=Reading(style=style, explode=explode, kinds=kinds, shape=number),
            schema=schema,
        )


def _serialization(cursor: Cursor, source: ApiParameter) -> tuple[Style, bool, Cursor | None]:
    """Style, explode and schema. Raises UnclearError."""
    content = cursor.get("content")
    if content is not None:
        return _content(content, cursor, source)
    default = STYLES[source.location][0]
    style = cursor.value.get("style", default)
    if style not in STYLES[source.location]:
        allowed = ", ".join(STYLES[source.location])
        raise UnclearError(f"style {shown(style)} does not exist in {source.location}", f"one of {allowed}")
    return style, cursor.value.get("explode", style == "form"), cursor.get("schema")


def _content(content: Cursor, cursor: Cursor, source: ApiParameter) -> tuple[Style, bool, Cursor | None]:
    if cursor.get("schema") is not None:
        raise UnclearError("it has both `schema` and `content`", "keep one of them")
    members = list(content.resolve().members())
    name = media_range(members[0][0]) if len(members) == 1 else None
    if name is None:
        raise UnclearError("`content` has not exactly one media type", "keep one")
    schema = members[0][1].resolve().get("schema")
    if is_json(name):
        return "json", False, schema
    if name == "text/plain":
        return STYLES[source.location][0], False, schema
    raise UnclearError(f"no text of type {name} can be judged by a schema", "use application/json or text/plain")
