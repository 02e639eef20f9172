"""The keywords that speak about a value itself: types, constants, numbers, lengths, patterns and formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

from gwc.diagnostics import Problems
from gwc.jsonschema.constant import parts
from gwc.jsonschema.tree import Bound, Check, Count, Enum, If, JsonType, Matches, MultipleOf, Never, Schema, Types, UniqueItems
from gwc.lowering.schema import codes
from gwc.lowering.schema.exact import constant, number
from gwc.patterns import PatternError, compile_pattern, conditions
from gwc.source.cursor import Cursor
from gwc.source.text import problem, shown

MAX_DIVISOR_DIGITS = 14
"""Significant digits of `multipleOf`: the runtimes divide in doubles, digit group by digit group."""

_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
Complain = Callable[[Problems], None]


def assertions(cursor: Cursor, version: str, complain: Complain) -> Iterator[Check]:
    """The checks of one Schema Object, in the order of the tree; `complain` takes what can't be enforced."""
    schema = cursor.value
    for keyword, make in (_MAKERS_30 if version == "3.0" else _MAKERS_31).items():
        if keyword in schema:
            try:
                yield from make(cursor, cursor.child(keyword))
            except Problems as problems:
                complain(problems)
                yield Never("false")


def check_pattern(text: str, cursor: Cursor, *, key: bool = False) -> str:
    """The expression, which compiles. Raises Problems."""
    try:
        compile_pattern(text)
    except PatternError as error:
        raise _bad_pattern(text, error, cursor, key=key) from None
    return text


def _bad_pattern(text: str, error: PatternError, cursor: Cursor, *, key: bool) -> Problems:
    message = f"pattern {shown(text)}, column {error.column}: {error.message}"
    return problem(codes.PATTERN, message, cursor.span(key=key))


def _types_30(schema: Cursor, place: Cursor) -> Iterator[Check]:
    """OpenAPI 3.0.3: `nullable` counts only beside a `type`."""
    names = {place.value} | ({"null"} if schema.value.get("nullable") is True else set())
    yield from _types(names)


def _types_31(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    yield from _types(set(place.value if isinstance(place.value, list) else [place.value]))


def _types(names: set[Any]) -> Iterator[Check]:
    known = names & _TYPES
    if "number" in known:
        known.discard("integer")
    yield Types(tuple(cast("list[JsonType]", sorted(known)))) if known else Never("type")


def _enum(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    values = tuple(dict.fromkeys(constant(item) for item in place.items()))
    yield Enum("enum", values) if values else Never("enum")


def _const(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    yield Enum("const", (constant(place),))


_BoundKeyword = Literal["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
_COMPARISONS: dict[_BoundKeyword, Literal["<=", ">=", "<", ">"]] = {
    "minimum": ">=",
    "maximum": "<=",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
}


def _bound_30(inclusive: _BoundKeyword, exclusive: _BoundKeyword) -> Callable[[Cursor, Cursor], Iterator[Check]]:
    """Draft 4: `exclusiveMinimum` says how `minimum` is meant."""

    def make(schema: Cursor, place: Cursor) -> Iterator[Check]:
        keyword = exclusive if schema.value.get(exclusive) is True else inclusive
        yield Bound(keyword, _COMPARISONS[keyword], number(place))

    return make


def _bound_31(keyword: _BoundKeyword) -> Callable[[Cursor, Cursor], Iterator[Check]]:
    def make(_schema: Cursor, place: Cursor) -> Iterator[Check]:
        yield Bound(keyword, _COMPARISONS[keyword], number(place))

    return make


def _multiple(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    divisor = number(place)
    digits = len(parts(divisor)[1])
    if divisor <= 0 or digits > MAX_DIVISOR_DIGITS:
        raise problem(
            codes.INEXACT, f"`multipleOf` must be greater than 0 and have at most {MAX_DIVISOR_DIGITS} significant digits", place.span()
        )
    yield MultipleOf(divisor)


_CountKeyword = Literal["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]


def _count(keyword: _CountKeyword) -> Callable[[Cursor, Cursor], Iterator[Check]]:
    def make(_schema: Cursor, place: Cursor) -> Iterator[Check]:
        limit = number(place)
        if limit < 0 or limit != limit.to_integral_value():
            raise problem(codes.INEXACT, f"`{keyword}` must be a whole number that is not negative", place.span())
        if limit or keyword.startswith("max"):
            yield Count(keyword, int(limit))

    return make


def _pattern(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    """One failure, also where the expression needs several conditions."""
    try:
        found = conditions(place.value)
    except PatternError as error:
        raise _bad_pattern(place.value, error, place, key=False) from None
    guards: list[Check] = [Count("minLength", found.min_length)] if found.min_length else []
    guards += [] if found.max_length is None else [Count("maxLength", found.max_length)]
    guards += [Matches("pattern", pattern) for pattern in found.patterns[:-1]]
    check: Check = Matches("pattern", found.patterns[-1])
    for guard in reversed(guards):
        check = If(Schema((guard,)), Schema((check,)), Schema((Never("pattern"),)))
    yield check


def _unique(_schema: Cursor, place: Cursor) -> Iterator[Check]:
    if place.value is True:
        yield UniqueItems()


_Makers = dict[str, Callable[[Cursor, Cursor], Iterator[Check]]]
_COUNTS: _Makers = {
    "minItems": _count("minItems"),
    "maxItems": _count("maxItems"),
    "uniqueItems": _unique,
    "minProperties": _count("minProperties"),
    "maxProperties": _count("maxProperties"),
}
_STRINGS: _Makers = {
    "multipleOf": _multiple,
    "minLength": _count("minLength"),
    "maxLength": _count("maxLength"),
    "pattern": _pattern,
}
_MAKERS_30: _Makers = {
    "type": _types_30,
    "enum": _enum,
    "minimum": _bound_30("minimum", "exclusiveMinimum"),
    "maximum": _bound_30("maximum", "exclusiveMaximum"),
    **_STRINGS,
    **_COUNTS,
}
_MAKERS_31: _Makers = {
    "type": _types_31,
    "enum": _enum,
    "const": _const,
    "minimum": _bound_31("minimum"),
    "maximum": _bound_31("maximum"),
    "exclusiveMinimum": _bound_31("exclusiveMinimum"),
    "exclusiveMaximum": _bound_31("exclusiveMaximum"),
    **_STRINGS,
    **_COUNTS,
}
