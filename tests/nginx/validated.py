"""An operation in which every part of request validation has something to do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from gwc.controls.body import Body
from gwc.controls.json_schema import ANY_SHAPE, JsonSchema, Shape
from gwc.controls.routing import shared_place
from gwc.controls.validation import OFF, Field, Form, Kind, MediaType, Parameter, Reading, Style
from gwc.ir import Operation
from gwc.jsonschema.tree import Bound, Call, Enum, Known, Matches, Members, MultipleOf, Required, Schema, Types, UniqueItems
from tests.support.sample import PUBLIC, operation

_INTEGER, _STRING = Schema((Types(("integer",)),)), Schema((Types(("string",)),))
_DEEP = Schema((Types(("object",)), Members((("from", _INTEGER), ("ids", Schema((Types(("array",)),)))))))
_MEMBERS = (
    ("id", _INTEGER),
    ("name", Schema((Types(("string",)), Matches("pattern", "^(?:[a-z]+)+$")))),
    ("price", Schema((Bound("minimum", ">=", Decimal("0.30000000000000003")), MultipleOf(Decimal("0.01"))))),
    ("kind", Schema((Enum("enum", ('"a"', '{"a":[1]}')),))),
    ("tags", Schema((Types(("array",)), UniqueItems()))),
    ("child", Schema((Call(0),))),
)
ORDER = Schema(
    (Types(("object",)), Required(("id",)), Members(_MEMBERS), Known("additionalProperties", tuple(sorted(n for n, _ in _MEMBERS)), ()))
)
SCHEMAS = JsonSchema(
    table=(ORDER,),
    shapes=(
        ANY_SHAPE,
        Shape(types=("integer",)),
        Shape(types=("string",)),
        Shape(types=("array",), items=1),
        Shape(types=("object",), properties=(("from", 1), ("ids", 3)), additional=2),
    ),
)


def _reading(style: Style, kind: Kind, shape: int, *, explode: bool = False) -> Reading:
    return Reading(style=style, explode=explode, kinds=(kind,), shape=shape)


def _parameter(**values: object) -> Parameter:
    usual = {"required": False, "allow_empty": False, "takes_rest": False, "place": None, "schema": _INTEGER}
    return Parameter(**{**usual, **values})  # type: ignore[arg-type]


def _form(style: Style, media_types: tuple[str, ...]) -> Form:
    text = Field(name="", reading=_reading("form", "text", 2), media_types=())
    fields = (
        replace(text, name="id", reading=_reading("form", "text", 1)),
        replace(text, name="child", reading=_reading(style, "object", 0), media_types=media_types),
    )
    return Form(schema=Schema((Call(0),)), fields=fields, rest=text)


def _range(name: str, **values: object) -> MediaType:
    return MediaType(**{"range": name, "json": None, "form": None, "multipart": None, "opaque": False, **values})  # type: ignore[arg-type]


ORDER_JSON = _range("application/json", json=Schema((Call(0),)))


def id_in_path(made: Operation) -> Parameter:
    """Any text."""
    place = shared_place(made.route.template, "id")
    return _parameter(location="path", name="id", required=True, place=place, reading=_reading("simple", "text", 2), schema=_STRING)


def number_in_path(made: Operation) -> Parameter:
    """An integer up to a thousand."""
    schema = Schema((Types(("integer",)), Bound("maximum", "<=", Decimal(1000))))
    return replace(id_in_path(made), reading=_reading("simple", "text", 1), schema=schema)


def number_in_query() -> Parameter:
    """An integer, or nothing."""
    return _parameter(location="query", name="n", reading=_reading("form", "text", 1))


def validated() -> Operation:
    """`e.validated`: POST /v1/validated/{id}."""
    taken = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/*")
    made = operation("POST", "/v1/validated/{id}", PUBLIC, Body(media_types=taken, required=False, max_bytes=65536), "e.validated")
    return replace(made, validation=replace(OFF, parameters=_parameters(made), closed_query=True, media_types=_media_types()))


def _parameters(made: Operation) -> tuple[Parameter, ...]:
    return (
        _parameter(
            location="path",
            name="id",
            required=True,
            place=shared_place(made.route.template, "id"),
            reading=_reading("simple", "text", 1),
        ),
        _parameter(location="query", name="deep", reading=_reading("deepObject", "object", 4, explode=True), schema=_DEEP),
        _parameter(location="query", name="json", reading=_reading("json", "text", 0), schema=_DEEP),
        _parameter(location="header", name="X-Ids", reading=_reading("simple", "array", 3), schema=Schema((Types(("array",)),))),
        _parameter(location="cookie", name="sort", reading=_reading("form", "text", 2), schema=_STRING),
    )


def _media_types() -> tuple[MediaType, ...]:
    return (
        ORDER_JSON,
        _range("application/x-www-form-urlencoded", form=_form("json", ())),
        _range("multipart/form-data", multipart=_form("json", ("application/json",))),
        _range("text/*", opaque=True),
    )
