"""Judges a JSON value by a check tree, straight from the meaning that `gwc.jsonschema.tree` gives each check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.constant import JsonValue, canonical
from gwc.jsonschema.tree import Check, Schema, Table
from gwc.patterns import compile_pattern

Failure = tuple[str, str]
"""The JSON pointer (RFC 6901) of the value, and the keyword."""


def failures(schema: Schema, table: Table, value: JsonValue, limit: int = 5) -> tuple[Failure, ...]:
    """The first `limit` failures in the order of the checks; none: the value is valid. Numbers are int or Decimal."""
    found: list[Failure] = []
    for failure in _judge(schema, _Judge(table), value, "")[0]:
        found.append(failure)
        if len(found) == limit:
            break
    return tuple(found)


def is_valid(schema: Schema, table: Table, value: JsonValue) -> bool:
    """Whether the schema takes the value."""
    return not failures(schema, table, value, 1)


@dataclass
class _Seen:
    """Which members and items of one value were evaluated."""

    members: set[str] = field(default_factory=set)
    items: set[int] = field(default_factory=set)

    def add(self, other: _Seen) -> None:
        self.members |= other.members
        self.items |= other.items


_Result = tuple[list[Failure], _Seen]


@dataclass(frozen=True)
class _Judge:
    """`known`: results by number of the schema, identity of the object or array, and pointer: there may be many ways that lead there."""

    table: Table
    known: dict[tuple[int, int, str], _Result] = field(default_factory=dict)


def _judge(schema: Schema, judge: _Judge, value: JsonValue, at: str) -> _Result:
    """All failures, and what was evaluated if there are none."""
    found, seen = list[Failure](), _Seen()
    for check in schema.checks:
        handler = _HANDLERS[type(check)]
        more, evaluated = handler(check, judge, value, at, seen)
        found += more
        seen.add(evaluated)
    return found, seen


def _holds(schema: Schema, judge: _Judge, value: JsonValue) -> bool:
    return not _judge(schema, judge, value, "")[0]


def _simple(test: Callable[[Any, JsonValue], bool], keyword: Callable[[Any], str]) -> Callable[..., _Result]:
    """A check that is one failure at the value, or none, and evaluates nothing."""

    def handler(check: Check, _judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
        return ([] if test(check, value) else [(at, keyword(check))]), _Seen()

    return handler


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _has_type(name: str, value: JsonValue) -> bool:
    if name in ("number", "integer"):
        return _is_number(value) and (name == "number" or value == int(value))  # type: ignore[arg-type]
    types = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
    return isinstance(value, types[name])


def _is_bounded(check: tree.Bound, value: Any) -> bool:
    if not _is_number(value):
        return True
    compared = {"<=": value <= check.limit, ">=": value >= check.limit, "<": value < check.limit, ">": value > check.limit}
    return bool(compared[check.comparison])


def _is_multiple(check: tree.MultipleOf, value: Any) -> bool:
    if not _is_number(value):
        return True
    numerator, denominator = Decimal(value).as_integer_ratio()
    upper, lower = check.divisor.as_integer_ratio()
    return numerator * lower % (denominator * upper) == 0


_COUNTED: dict[str, type] = {"Length": str, "Items": list, "Properties": dict}


def _is_counted(check: tree.Count, value: JsonValue) -> bool:
    if not isinstance(value, str | list | dict) or not isinstance(value, _COUNTED[check.keyword[3:]]):
        return True
    return len(value) >= check.limit if check.keyword.startswith("min") else len(value) <= check.limit


@cache
def _pattern(text: str) -> Callable[[str], bool]:
    return compile_pattern(text).matches


def _is_unique(_check: tree.UniqueItems, value: JsonValue) -> bool:
    return not isinstance(value, list) or len({canonical(v) for v in value}) == len(value)


def _has_dependents(check: tree.DependentRequired, value: JsonValue) -> bool:
    return not isinstance(value, dict) or check.name not in value or all(n in value for n in check.required)


def _is_known(check: tree.Known, value: JsonValue) -> bool:
    return not isinstance(value, dict) or all(n in check.names or any(_pattern(p)(n) for p in check.patterns) for n in value)


def _required(check: tree.Required, _j: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    missing = [n for n in check.names if n not in value] if isinstance(value, dict) else []
    return [(at, "required")] * len(missing), _Seen()


def _token(name: str | int) -> str:
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def _items(check: tree.Items, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    found, evaluated = list[Failure](), _Seen()
    for index, item in enumerate(value if isinstance(value, list) else ()):
        schema = check.prefix[index] if index < len(check.prefix) else check.rest
        if schema is not None:
            found += _judge(schema, judge, item, at + _token(index))[0]
            evaluated.items.add(index)
    return found, evaluated


def _contains(check: tree.Contains, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    if not isinstance(value, list):
        return [], _Seen()
    matching = {i for i, item in enumerate(value) if _holds(check.schema, judge, item)}
    if len(matching) < check.minimum:
        return [(at, "contains" if check.minimum == 1 else "minContains")], _Seen()
    if check.maximum is not None and len(matching) > check.maximum:
        return [(at, "maxContains")], _Seen()
    return [], _Seen(items=matching if check.evaluates else set())


def _members(check: tree.Members, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    if not isinstance(value, dict):
        return [], _Seen()
    found = [f for n, s in check.properties if n in value for f in _judge(s, judge, value[n], at + _token(n))[0]]
    named = {n for n, _ in check.properties if n in value}
    matched = {n: [s for p, s in check.patterns if _pattern(p)(n)] for n in value}
    if not all(_holds(s, judge, value[n]) for n, schemas in matched.items() for s in schemas):
        found.append((at, "patternProperties"))
    others = {n for n in value if n not in named and not matched[n]}
    if check.additional is None:
        return found, _Seen(members=set(value) - others)
    if not all(_holds(check.additional, judge, value[n]) for n in others):
        found.append((at, "additionalProperties"))
    return found, _Seen(members=set(value))


def _property_names(check: tree.PropertyNames, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    holds = not isinstance(value, dict) or all(_holds(check.schema, judge, n) for n in value)
    return ([] if holds else [(at, "propertyNames")]), _Seen()


def _apply(check: tree.Apply, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    return _judge(check.schema, judge, value, at)


def _call(check: tree.Call, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    if not isinstance(value, dict | list):
        return _judge(judge.table[check.number], judge, value, at)
    key = check.number, id(value), at
    if key not in judge.known:
        judge.known[key] = _judge(judge.table[check.number], judge, value, at)
    return judge.known[key]


def _chosen(discriminator: tree.Discriminator | None, value: JsonValue) -> int | None:
    if discriminator is None or not isinstance(value, dict):
        return None
    text = value.get(discriminator.name)
    return dict(discriminator.alternatives).get(text) if isinstance(text, str) else None


def _alternatives(check: tree.AnyOf | tree.OneOf, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    results = [_judge(s, judge, value, at) for s in check.schemas]
    holding = [seen for found, seen in results if not found]
    if len(holding) == 1 or (holding and isinstance(check, tree.AnyOf)):
        evaluated = _Seen()
        for seen in holding:
            evaluated.add(seen)
        return [], evaluated
    index = _chosen(check.discriminator, value)
    if index is not None and results[index][0]:
        return results[index][0], _Seen()
    return [(at, check.keyword if isinstance(check, tree.AnyOf) else "oneOf")], _Seen()


def _not(check: tree.Not, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    return ([(at, "not")] if _holds(check.schema, judge, value) else []), _Seen()


def _if(check: tree.If, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    refused, evaluated = _judge(check.condition, judge, value, at)
    if refused:
        return _judge(check.otherwise, judge, value, at)
    found, more = _judge(check.then, judge, value, at)
    evaluated.add(more)
    return found, evaluated


def _dependent(check: tree.DependentSchema, judge: _Judge, value: JsonValue, at: str, _seen: _Seen) -> _Result:
    if not isinstance(value, dict) or check.name not in value:
        return [], _Seen()
    return _judge(check.schema, judge, value, at)


def _unevaluated_properties(check: tree.UnevaluatedProperties, judge: _Judge, value: JsonValue, at: str, seen: _Seen) -> _Result:
    if not isinstance(value, dict):
        return [], _Seen()
    others = set(value) - seen.members
    holds = all(_holds(check.schema, judge, value[n]) for n in others)
    return ([] if holds else [(at, check.keyword)]), _Seen(members=others)


def _unevaluated_items(check: tree.UnevaluatedItems, judge: _Judge, value: JsonValue, at: str, seen: _Seen) -> _Result:
    if not isinstance(value, list):
        return [], _Seen()
    others = set(range(len(value))) - seen.items
    holds = all(_holds(check.schema, judge, value[i]) for i in others)
    return ([] if holds else [(at, "unevaluatedItems")]), _Seen(items=others)


_HANDLERS: dict[type, Callable[..., _Result]] = {
    tree.Never: _simple(lambda _c, _v: False, lambda c: str(c.keyword)),
    tree.Types: _simple(lambda c, v: any(_has_type(t, v) for t in c.types), lambda _c: "type"),
    tree.Enum: _simple(lambda c, v: canonical(v) in c.values, lambda c: str(c.keyword)),
    tree.Bound: _simple(_is_bounded, lambda c: str(c.keyword)),
    tree.MultipleOf: _simple(_is_multiple, lambda _c: "multipleOf"),
    tree.Count: _simple(_is_counted, lambda c: str(c.keyword)),
    tree.Matches: _simple(lambda c, v: not isinstance(v, str) or _pattern(c.pattern)(v), lambda c: str(c.keyword)),
    tree.UniqueItems: _simple(_is_unique, lambda _c: "uniqueItems"),
    tree.DependentRequired: _simple(_has_dependents, lambda _c: "dependentRequired"),
    tree.Known: _simple(_is_known, lambda c: str(c.keyword)),
    tree.Required: _required,
    tree.Items: _items,
    tree.Contains: _contains,
    tree.Members: _members,
    tree.PropertyNames: _property_names,
    tree.Apply: _apply,
    tree.Call: _call,
    tree.AnyOf: _alternatives,
    tree.OneOf: _alternatives,
    tree.Not: _not,
    tree.If: _if,
    tree.DependentSchema: _dependent,
    tree.UnevaluatedProperties: _unevaluated_properties,
    tree.UnevaluatedItems: _unevaluated_items,
}
