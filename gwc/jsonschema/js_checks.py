"""JavaScript for all the checks of a schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.js_arrays import print_contains, print_items, print_unevaluated_items
from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_composition import print_alternatives, print_apply, print_call, print_if, print_not
from gwc.jsonschema.js_counted import counting
from gwc.jsonschema.js_objects import print_object
from gwc.jsonschema.js_scalars import guard, not_listed, not_matching, not_unique, wrong_count, wrong_if_number, wrong_number, wrong_type
from gwc.jsonschema.tree import Check, JsonType, Schema

MAX_DEPTH = 40
"""Blocks inside one another in a function; what is deeper becomes a function of its own."""

_IS_CONTAINER = "typeof {0} === 'object' && {0} !== null"

_KINDS: dict[type[Any], JsonType] = {
    tree.Bound: "number",
    tree.MultipleOf: "number",
    tree.Matches: "string",
    tree.Items: "array",
    tree.Contains: "array",
    tree.UniqueItems: "array",
    tree.UnevaluatedItems: "array",
    tree.Required: "object",
    tree.DependentRequired: "object",
    tree.Members: "object",
    tree.Known: "object",
    tree.PropertyNames: "object",
    tree.DependentSchema: "object",
    tree.UnevaluatedProperties: "object",
}
_COUNTED: dict[str, JsonType] = {"Length": "string", "Items": "array", "Properties": "object"}

_WRONG: dict[type[Any], Callable[[Any, str], str]] = {
    tree.Never: lambda _check, _value: "true",
    tree.Types: wrong_type,
    tree.Enum: not_listed,
    tree.Bound: wrong_if_number,
    tree.MultipleOf: wrong_if_number,
    tree.Count: wrong_count,
    tree.Matches: not_matching,
    tree.UniqueItems: not_unique,
}
"""Checks that are one failure at the value: an expression for that failure."""
_KEYWORDS: dict[type[Any], str] = {tree.Types: "type", tree.MultipleOf: "multipleOf", tree.UniqueItems: "uniqueItems"}

_PRINTERS: dict[type[Any], Callable[[Body, Any, Place], None]] = {
    tree.Apply: print_apply,
    tree.Call: print_call,
    tree.AnyOf: print_alternatives,
    tree.OneOf: print_alternatives,
    tree.Not: print_not,
    tree.If: print_if,
    tree.Items: print_items,
    tree.Contains: print_contains,
}


def kind_of(check: Check) -> JsonType | None:
    """The only type that the check says something about; None: about all."""
    return _COUNTED[check.keyword[3:]] if isinstance(check, tree.Count) else _KINDS.get(type(check))


def print_schema(body: Body, schema: Schema, place: Place) -> None:
    """The statements that judge the value by the schema. Checks about one type stand together behind one question for it."""
    if body.depth > MAX_DEPTH and schema.checks:
        schema = Schema((tree.Call(body.number_of(schema)),))
    if not place.leaves:
        _print_all(body, schema, place)
        return
    how = counting(schema) if place.counts else "nothing"
    if how == "own":
        _print_level(body, schema, place)
        return
    if how == "walk":
        body.add(f"if (x.counts && {_IS_CONTAINER.format(place.value)}) x.members += x.total({place.value});")
    _print_until_wrong(body, schema, replace(place, counts=how == "call"))


def _print_level(body: Body, schema: Schema, place: Place) -> None:
    """The same for an object or array whose members are counted: it is one more level."""
    enters = place.kind is None and any(map(_kind_asked, schema.checks))
    condition = "x.counts" if enters or place.kind else f"x.counts && {_IS_CONTAINER.format(place.value)}"
    if not enters:
        body.add(f"if ({condition} && --x.levels < 0) return false;")
    _print_until_wrong(body, schema, place, enters=enters)
    body.add(f"if ({condition}) x.levels++;")


def _kind_asked(check: Check) -> JsonType | None:
    """The only type that the check takes; numbers apart."""
    return check.types[0] if isinstance(check, tree.Types) and len(check.types) == 1 and check.types not in _NUMBERS else None


def test(schema: Schema, value: str, kind: JsonType | None) -> str | None:
    """An expression for whether the schema holds for a value, of a known type perhaps; None where it takes more than one simple check."""
    if not schema.checks:
        return "true"
    check = schema.checks[0]
    if len(schema.checks) > 1 or type(check) not in _WRONG:
        return None
    about, wrong = kind_of(check), _WRONG[type(check)](check, value)
    if about is None or about == kind:
        return f"!({wrong})"
    return f"!({guard(about, value)} && {wrong})" if kind is None else "true"


def _print_all(body: Body, schema: Schema, place: Place) -> None:
    """Every check, whatever those before it say."""
    runs = list(_runs(schema))
    for index, (kind, at, checks) in enumerate(runs):
        if kind is None:
            _print_untyped(body, checks, place)
        else:
            head = "else" if index and _decides(runs[index - 1][2][-1], kind) else f"if ({guard(kind, place.value)})"
            with body.block(head):
                _print_typed(body, schema, kind, at, checks, place)


def _print_until_wrong(body: Body, schema: Schema, place: Place, *, enters: bool = False) -> None:
    """Checks behind one for a single type know that the value has it. `enters`: then it is one more level."""
    asked: list[Check] = []
    for kind, at, checks in _runs(schema):
        if kind is None:
            for check in checks:
                _print_numbers(body, asked, place)
                if isinstance(check, tree.Types) and place.kind is None and check.types in _NUMBERS:
                    asked, place = [check], replace(place, kind="number")
                    continue
                _print_untyped(body, [check], place)
                kind_asked = _kind_asked(check)
                if kind_asked is not None and place.kind is None:
                    place = replace(place, kind=kind_asked)
                    body.add(*(["if (x.counts && --x.levels < 0) return false;"] if enters else []))
        elif kind == "number" and asked:
            asked += checks
        else:
            _print_numbers(body, asked, place)
            _print_if_typed(body, schema, kind, at, checks, place)
    _print_numbers(body, asked, place)


_NUMBERS = (("integer",), ("number",))


def _print_numbers(body: Body, asked: list[Check], place: Place) -> None:
    """A number in both of the ways in which the runtime has it. Nothing is `asked` any more then."""
    if not asked:
        return
    both = [wrong_number(check, place.value) for check in asked]  # type: ignore[arg-type]
    double, symbol = (" || ".join(part for part in parts if part != "false") for parts in zip(*both, strict=True))
    value = place.value
    if double:
        body.add(f"if (typeof {value} === 'number') {{ if ({double}) {place.leave()} }}")
    rest = f"typeof {value} !== 'symbol'" + (f" || {symbol}" if symbol else "")
    body.add(f"else if ({rest}) {place.leave()}" if double else f"if (typeof {value} !== 'number' && ({rest})) {place.leave()}")
    asked.clear()


def _print_if_typed(body: Body, schema: Schema, kind: JsonType, at: int, checks: list[Check], place: Place) -> None:
    if place.kind is None:
        with body.block(f"if ({guard(kind, place.value)})"):
            _print_typed(body, schema, kind, at, checks, replace(place, kind=kind))
    elif place.kind == kind:
        _print_typed(body, schema, kind, at, checks, place)


def _runs(schema: Schema) -> Iterator[tuple[JsonType | None, int, list[Check]]]:
    """Neighbours about the same type, and where they begin."""
    at = 0
    for kind, group in groupby(schema.checks, kind_of):
        checks = list(group)
        yield kind, at, checks
        at += len(checks)


def _decides(check: Check, kind: JsonType | None) -> bool:
    """Whether the check asks for just the type."""
    return isinstance(check, tree.Types) and check.types == (kind,)


def _print_untyped(body: Body, checks: list[Check], place: Place) -> None:
    for check in checks:
        if type(check) in _PRINTERS:
            _PRINTERS[type(check)](body, check, place)
        else:
            body.add(f"if ({_WRONG[type(check)](check, place.value)}) {{ {place.refuse(_keyword(check))} }}")


def _print_typed(body: Body, schema: Schema, kind: JsonType, at: int, checks: list[Check], place: Place) -> None:
    if kind == "object":
        print_object(body, schema, at, checks, place)
        return
    for number, check in enumerate(checks, at):
        if isinstance(check, tree.UnevaluatedItems):
            print_unevaluated_items(body, schema.checks[:number], check, place)
        else:
            _print_untyped(body, [check], place)


def _keyword(check: Check) -> str:
    return _KEYWORDS.get(type(check)) or check.keyword  # type: ignore[union-attr]
