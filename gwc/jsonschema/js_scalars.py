"""JavaScript for types, constants, numbers, strings and counts: an expression for what must not be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gwc.jsonschema.constant import JsonValue, is_plain, parts, read
from gwc.jsonschema.js_literal import decimal_text, is_double, key, literal, number_text
from gwc.jsonschema.js_pattern import found
from gwc.jsonschema.tree import Bound, Count, Enum, JsonType, Matches, MultipleOf, Types, UniqueItems

INTEGERS = 2**53
_DIGITS = 15

GUARDS: dict[str, str] = {
    "null": "{0} === null",
    "boolean": "typeof {0} === 'boolean'",
    "number": "(typeof {0} === 'number' || typeof {0} === 'symbol')",
    "integer": "(typeof {0} === 'number' ? {0} % 1 === 0 : typeof {0} === 'symbol' && x.more().isInteger({0}))",
    "string": "typeof {0} === 'string'",
    "array": "{0} instanceof Array",
    "object": "(typeof {0} === 'object' && {0} !== null && !({0} instanceof Array))",
}
"""By type: an expression for whether the value in {0} has it."""


UNGUARDED: dict[str, str] = {
    "null": "{0} !== null",
    "boolean": "typeof {0} !== 'boolean'",
    "number": "(typeof {0} !== 'number' && typeof {0} !== 'symbol')",
    "integer": "(typeof {0} === 'number' ? {0} % 1 !== 0 : typeof {0} !== 'symbol' || !x.more().isInteger({0}))",
    "string": "typeof {0} !== 'string'",
    "array": "!({0} instanceof Array)",
    "object": "(typeof {0} !== 'object' || {0} === null || {0} instanceof Array)",
}
"""The opposite."""


def guard(kind: JsonType, value: str) -> str:
    """Whether the value has the type."""
    return GUARDS[kind].format(value)


def wrong_type(check: Types, value: str) -> str:
    """Whether the value has none of the types."""
    return " && ".join(UNGUARDED[kind].format(value) for kind in check.types) or "true"


def not_listed(check: Enum, value: str) -> str:
    """Whether the value is none of the list."""
    return " && ".join(_is_not(value, read(text)) for text in check.values) or "true"


def _is_not(value: str, constant: JsonValue) -> str:
    if isinstance(constant, str):
        return f"{value} !== {literal(constant)}"
    if constant is None or isinstance(constant, bool):
        return f"{value} !== {key(constant)}"
    if isinstance(constant, list | dict):
        return f"!x.more().same({value}, {literal(key(constant))})"
    number = Decimal(constant)
    if is_double(number):
        return f"{value} !== {number_text(number)}"
    return f"(typeof {value} !== 'symbol' || {value}.description !== {literal(decimal_text(number))})"


_BEYOND = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}


def wrong_number(check: Bound | MultipleOf | Types, value: str) -> tuple[str, str]:
    """Whether a number does not hold, by the way in which the runtime has it: a double, or a symbol."""
    if isinstance(check, Types):
        return ("false", "false") if "number" in check.types else (f"{value} % 1 !== 0", f"!x.more().isInteger({value})")
    if isinstance(check, MultipleOf):
        return _not_multiple(check, value)
    beyond = _BEYOND[check.comparison]
    return _compared(value, beyond, check.limit), f"x.more().compare({value}, {literal(decimal_text(check.limit))}) {beyond} 0"


def wrong_if_number(check: Bound | MultipleOf, value: str) -> str:
    """Whether a number, in either way, does not hold."""
    double, symbol = wrong_number(check, value)
    return double if double == symbol else f"(typeof {value} === 'number' ? {double} : {symbol})"


def _compared(value: str, comparison: str, limit: Decimal) -> str:
    """The comparison of a double with the limit, exact whatever the limit is.

    A double that is equal to the limit's stands for its own decimal (the only one that it can stand for), which is on one side of the limit.
    """
    double = float(limit)
    if double in (float("inf"), float("-inf")):
        return "true" if (double < 0) == (comparison[0] == ">") else "false"
    own = Decimal(repr(double))
    if own != limit and is_plain(own):
        comparison = comparison[0] + ("=" if (own > limit) == (comparison[0] == ">") else "")
    return f"{value} {comparison} {_double(double)}"


def _double(number: float) -> str:
    return repr(number) if number < 0 or number % 1 or abs(number) >= INTEGERS else str(int(number))


def _not_multiple(check: MultipleOf, value: str) -> tuple[str, str]:
    _, digits, exponent = parts(check.divisor)
    exact = f"!x.more().isMultiple({value}, {literal(digits)}, {exponent})"
    if digits == "1" and -_DIGITS < exponent < 0:
        return _has_more_places(value, -exponent, exact), exact
    if check.divisor > INTEGERS or check.divisor % 1:  # in this order: the remainder of 1e308 has more digits than a decimal may
        return exact, exact
    return f"({value} <= {INTEGERS} && {value} >= -{INTEGERS} ? {value} % {int(check.divisor)} !== 0 : {exact})", exact


def _has_more_places(value: str, places: int, exact: str) -> str:
    """Whether the nearest decimal with so many places is another one.

    Up to 15 digits different decimals are different doubles, and a product with a power of ten is off by less than 1/4.
    """
    scale, largest = 10**places, 10 ** (_DIGITS - places)
    up, down = (f"(({value} * {scale} {half}) - ({value} * {scale} {half}) % 1) / {scale} !== {value}" for half in ("+ 0.5", "- 0.5"))
    return f"({value} < {largest} && {value} > -{largest} ? ({value} < 0 ? {down} : {up}) : {exact})"


def wrong_count(check: Count, value: str) -> str:
    """Whether a string, array or object has too little or too much of what is counted."""
    return _COUNTS[check.keyword](value, check.limit)


_COUNTS: dict[str, Callable[[str, int], str]] = {
    # njs counts code points; QuickJS units of UTF-16, which are never fewer
    "minLength": lambda v, n: f'{v} === ""' if n == 1 else f"({v}.length < {n} || (!x.isExact && x.more().size({v}) < {n}))",
    "maxLength": lambda v, n: f"({v}.length > {n} && (x.isExact || x.more().size({v}) > {n}))",
    "minItems": lambda v, n: f"{v}.length < {n}",
    "maxItems": lambda v, n: f"{v}.length > {n}",
    "minProperties": lambda v, n: f"x.count({v}) < {n}",
    "maxProperties": lambda v, n: f"x.count({v}) > {n}",
}


def not_unique(_check: UniqueItems, value: str) -> str:
    """Whether an array has two equal items."""
    return f"!x.unique({value})"


def not_matching(check: Matches, value: str) -> str:
    """Whether a string has nothing of the pattern."""
    return f"!{found(check.pattern, value)}"
