"""How texts of one style can be read where a schema stands, or why that has more than one answer."""

from __future__ import annotations

from collections.abc import Collection

from gwc.controls.validation import Kind, Location, Style
from gwc.jsonschema.tree import JsonType
from gwc.jsonschema.types import ALL
from gwc.lowering.validation.formula import Formula
from gwc.lowering.validation.shapes import Shapes

TEXT_TYPES: frozenset[JsonType] = frozenset({"null", "boolean", "integer", "number", "string"})
STYLES: dict[Location, tuple[Style, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
DEEP = "write it as deepObject, or with `content: {application/json: ...}`"


class UnclearError(Exception):
    """There is not exactly one way to read the text; `help` says what to do."""

    def __init__(self, why: str, help_: str) -> None:
        super().__init__(why)
        self.why, self.help = why, help_


def possible_kinds(types: Collection[JsonType]) -> tuple[Kind, ...]:
    """What a JSON value at a place with these types may be; scalars are `text`."""
    found: tuple[tuple[Kind, bool], ...] = (
        ("text", bool(TEXT_TYPES & set(types))),
        ("array", "array" in types),
        ("object", "object" in types),
    )
    return tuple(kind for kind, is_possible in found if is_possible) or ("text",)


def without_null(types: frozenset[JsonType]) -> frozenset[JsonType]:
    """The types that a text may be of: OpenAPI has no text for a null instead of an array or object."""
    return types - {"null"} if {"array", "object"} & types else types


def kinds_of(shapes: Shapes, place: Formula, style: Style, *, explode: bool, location: Location) -> tuple[Kind, ...]:
    """What a text of the style may be. Raises UnclearError. A schema that says nothing of types means text, except in deepObject."""
    types = shapes.types(place)
    kinds = possible_kinds(without_null(types))
    if style in ("deepObject", "json"):
        return kinds
    if types == ALL or kinds == ("text",):
        return ("text",)
    if "array" in kinds and "object" in kinds:
        raise UnclearError("a text of this style can't tell arrays from objects", "let the schema allow one of them, or use deepObject")
    _check_structure(shapes, place, kinds, style, explode=explode, location=location)
    return kinds


def _check_structure(shapes: Shapes, place: Formula, kinds: tuple[Kind, ...], style: Style, *, explode: bool, location: Location) -> None:
    if location == "cookie" and explode:
        raise UnclearError("no cookie holds an exploded array or object", "write `explode: false`")
    if "object" in kinds and explode and style in ("spaceDelimited", "pipeDelimited"):
        raise UnclearError(f"OpenAPI does not say how {style} explodes an object", "write `explode: false`, or use deepObject")
    if kinds == ("text", "object") and explode and location != "query":
        raise UnclearError(
            "a text with `=` could be a text or an exploded object", "write `explode: false`, or let the schema allow one of them"
        )
    for below, what in _below(shapes, place, kinds):
        if shapes.types(below) and not TEXT_TYPES & without_null(shapes.types(below)):
            raise UnclearError(f"{what} is an array or object, which OpenAPI has no text for in style {style}", DEEP)


def _below(shapes: Shapes, place: Formula, kinds: tuple[Kind, ...]) -> list[tuple[Formula, str]]:
    if "array" in kinds:
        return [(shapes.items(place, None), "an item of the array")]
    return [(shapes.member(place, name), f"the member {name[:40]!r}") for name in shapes.names(place)]
