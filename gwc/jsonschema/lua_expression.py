"""Checks of one value that need no statement of their own, as Lua expressions that are true where the check does not hold.

`v` is a variable with the value, `t` one with its kind (gwc/runtime/lua/gwc/json_value.lua). Functions are locals of the printed part
(`gwc.jsonschema.lua`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from gwc.jsonschema import tree
from gwc.jsonschema.bounds import INFINITE, SMALLEST, for_plain, within_range
from gwc.jsonschema.constant import JsonValue, is_plain, number_text, parts, read
from gwc.jsonschema.lua_literal import number, quote
from gwc.jsonschema.tree import Bound, Check, Count, Enum, Matches, MultipleOf, Types

_OPPOSITE = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}
_COUNTED = {"Length": "string", "Items": "array", "Properties": "object"}
_MAX_INLINE = 4
"""Values of an enumeration that are compared one by one, which is faster than a table up to here."""
_MAX_STEP = Decimal(2**47)


class Constants(Protocol):
    """Where values are kept that are made once, when the text is loaded."""

    def constant(self, expression: str) -> str:
        """An expression for the value of `expression`."""

    def pattern(self, source: str) -> str:
        """An expression for the automaton of an ECMA-262 expression."""


def broken(check: Check, v: str, t: str, constants: Constants) -> str:
    """The expression of a check that needs no more; "false" where it always holds. Those about one kind hold for values of that kind only."""
    return _BROKEN_CHECKS[type(check)](check, v, t, constants)


def keyword(check: Check) -> str:
    """The keyword of its failure."""
    return _KEYWORDS.get(type(check)) or str(check.keyword)  # type: ignore[union-attr]


def counted(check: Count) -> str:
    """The kind of value whose parts are counted."""
    return _COUNTED[check.keyword[3:]]


def _types(check: Types, v: str, t: str, _constants: Constants) -> str:
    held = []
    for name in check.types:
        if name == "number":
            held += [f'{t} == "number"', f'{t} == "decimal"']
        elif name != "integer":
            held.append(f'{t} == "{name}"')
        elif "number" not in check.types:
            held.append(f'{t} == "number" and {v} % 1 == 0 or {t} == "decimal" and integer({v})')
    if len(held) == 1 and " or " not in held[0]:
        return held[0].replace("==", "~=")
    return f"not ({' or '.join(held)})" if held else "true"


def _enum(check: Enum, v: str, _t: str, constants: Constants) -> str:
    """Values that no request can have are left out."""
    sent = [(text, value) for text in check.values if _can_be_sent(value := read(text))]
    values = [value for _, value in sent]
    simple = [value for value in values if _is_simple(value)]
    if len(simple) == len(values) <= _MAX_INLINE:
        return " and ".join(f"{v} ~= {_simple(value)}" for value in simple) or "true"
    array = quote(f"[{','.join(text for text, _ in sent)}]")
    missing = f"not {constants.constant(f'values({array})')}[{v}]"
    if len(simple) == len(values):
        return missing
    return f'{missing} and not (type({v}) == "table" and {constants.constant(f"keys({array})")}[key({v})])'


def _bound(check: Bound, v: str, t: str, _constants: Constants) -> str:
    """Doubles are compared with the nearest limit that is one, decimals by their digits."""
    held = within_range(check.comparison, check.limit)
    if held is True:
        return "false"
    if held is False:
        return f'({t} == "number" or {t} == "decimal")'
    comparison, limit = held
    plain_comparison, plain = for_plain(comparison, limit)
    exact = number(limit) if is_plain(limit) else f"read({quote(number_text(limit))}, 1e9)"
    by_double = f'{t} == "number" and {v} {_OPPOSITE[plain_comparison]} {number(plain)}'
    return f'({by_double} or {t} == "decimal" and compare({v}, {exact}) {_OPPOSITE[comparison]} 0)'


def _multiple(check: MultipleOf, v: str, t: str, _constants: Constants) -> str:
    """By digits, with a short cut for integers."""
    _, digits, power = parts(check.divisor)
    step = str(int(check.divisor)) if power >= 0 and check.divisor <= _MAX_STEP else "nil"
    return f'({t} == "number" or {t} == "decimal") and not multiple({v}, {digits}, {power}, {step})'


def _count(check: Count, v: str, _t: str, _constants: Constants) -> str:
    """Code points are counted only when the bytes leave it open."""
    limit, kind = check.limit, counted(check)
    size, sign = f"{v}[0]" if kind == "object" else f"#{v}", "<" if check.keyword.startswith("min") else ">"
    if sign == "<" and limit == 0:
        return "false"
    if kind != "string":
        return f"{size} {sign} {limit}"
    enough = f"{size} < {limit * 4}" if sign == "<" else f"{size} > {limit}"
    return f"{enough} and length({v}) {sign} {limit}"


def _matches(check: Matches, v: str, _t: str, constants: Constants) -> str:
    return f"not matches({constants.pattern(check.pattern)}, {v})"


def _unique(_check: tree.UniqueItems, v: str, _t: str, _constants: Constants) -> str:
    return f"not unique({v})"


def _dependent(check: tree.DependentRequired, v: str, _t: str, _constants: Constants) -> str:
    missing = " or ".join(f"{v}[{quote(name)}] == nil" for name in check.required)
    return f"{v}[{quote(check.name)}] ~= nil and ({missing})" if missing else "false"


def _known(check: tree.Known, v: str, _t: str, constants: Constants) -> str:
    patterns = constants.constant(f"{{{', '.join(map(constants.pattern, check.patterns))}}}")
    return f"not known({v}, {constants.constant(names(check.names))}, {patterns})"


def names(values: Iterable[str]) -> str:
    """A table with these keys."""
    return "{" + ", ".join(f"[{quote(name)}] = true" for name in values) + "}"


def numbers(values: Mapping[str, int]) -> str:
    """A table."""
    return "{" + ", ".join(f"[{quote(name)}] = {value}" for name, value in values.items()) + "}"


def _is_simple(value: JsonValue) -> bool:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return is_plain(Decimal(value))
    return not isinstance(value, list | dict)


def _simple(value: JsonValue) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    assert isinstance(value, int | Decimal)
    return number(Decimal(value))


def _can_be_sent(value: JsonValue) -> bool:
    """Whether the strict readers take such a value."""
    if isinstance(value, list):
        return all(map(_can_be_sent, value))
    if isinstance(value, dict):
        return all(map(_can_be_sent, (*value, *value.values())))
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if value is None or isinstance(value, bool):
        return True
    size = Decimal(value).copy_abs()
    return size == 0 or SMALLEST <= size < INFINITE


_BROKEN_CHECKS: dict[type, Callable[[Any, str, str, Constants], str]] = {
    Types: _types,
    Enum: _enum,
    Bound: _bound,
    MultipleOf: _multiple,
    Count: _count,
    Matches: _matches,
    tree.UniqueItems: _unique,
    tree.DependentRequired: _dependent,
    tree.Known: _known,
}
_KEYWORDS: dict[type, str] = {
    Types: "type",
    MultipleOf: "multipleOf",
    tree.UniqueItems: "uniqueItems",
    tree.DependentRequired: "dependentRequired",
}
