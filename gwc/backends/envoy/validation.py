"""Phase 9: the Lua filter that waits for the body judges it, and the parameters, by the rule that the route names.

Rules are named by what they say, as lanes are (gwc/backends/envoy/lanes.py): a route that is newer or older than the listener names the same
rule, or none, which denies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gwc.backends.envoy.document import Json
from gwc.backends.validation_plan import ValidationPlan, make_plan
from gwc.ir import Gateway
from gwc.jsonschema.cycles import called

OFF = "off"
"""The rule of operations whose requests are not looked at."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The plan, and the name of the rule of each operation by its key; no names where nothing is validated."""

    plan: ValidationPlan
    names: Mapping[str, str]

    def named(self, operations: Iterable[str]) -> Json:
        """Name -> rule of these operations; OFF is always there."""
        return {OFF: False, **{self.names[key]: self.plan.operations[key] for key in operations if self.names[key] != OFF}}


def collect(gateway: Gateway) -> Rules:
    """The rules of the gateway."""
    plan = _with_methods(make_plan(gateway), gateway)
    if not plan.operations:
        return Rules(plan, {})
    named = _Names(plan)
    return Rules(plan, {o.key: named.name(plan.operations[o.key]) if o.key in plan.operations else OFF for o in gateway.operations})


def _with_methods(plan: ValidationPlan, gateway: Gateway) -> ValidationPlan:
    """The plan that also says where answers never have a body: Lua does not see the request's method when it sees the answer."""
    heads = {
        o.key: {**plan.operations[o.key], "isHead": True}
        for o in gateway.operations
        if o.route.method == "HEAD" and o.key in plan.operations
    }
    return replace(plan, operations={**plan.operations, **heads}) if heads else plan


def emit(gateway: Gateway) -> Json:
    """All rules by name."""
    known = collect(gateway)
    return known.named(known.names)


class _Names:
    """Digests of rules, with the schemas and shapes that they lead to."""

    def __init__(self, plan: ValidationPlan) -> None:
        self._plan = plan
        self._calls = [sorted(called(schema)) for schema in plan.table]
        self._table = [repr(schema) for schema in plan.table]
        self._shapes = [json.dumps(shape) for shape in plan.shapes]
        self._below = [sorted(_numbers(shape)) for shape in plan.shapes]
        self._known: dict[tuple[str, int], str] = {}

    def name(self, rule: Json) -> str:
        """The name of a rule of the plan."""
        return _digest([json.dumps(self._content(rule), separators=(",", ":"))])[:32]

    def _content(self, value: Any, key: str = "") -> Any:
        """The rule with digests in the place of numbers."""
        if isinstance(value, dict):
            return {name: self._content(member, name) for name, member in value.items()}
        if isinstance(value, list):
            return [self._content(item) for item in value]
        return self._reached(key, value) if key in {"schema", "json", "shape"} and isinstance(value, int) else value

    def _reached(self, key: str, number: int) -> str:
        kind = "shape" if key == "shape" else "schema"
        if (kind, number) not in self._known:
            self._known[kind, number] = _digest(self._shape(number) if kind == "shape" else self._schema(number))
        return self._known[kind, number]

    def _schema(self, number: int) -> Iterator[str]:
        root = self._plan.roots[number]
        yield repr(root)
        yield from _closure(sorted(called(root)), self._calls, self._table)

    def _shape(self, number: int) -> Iterator[str]:
        return _closure([number], self._below, self._shapes)


def _closure(starts: Iterable[int], edges: list[list[int]], texts: list[str]) -> Iterator[str]:
    """The texts of all that is reached, with their numbers."""
    waiting, seen = list(starts), set[int]()
    while waiting:
        number = waiting.pop()
        if number not in seen:
            seen.add(number)
            yield f"{number} {texts[number]}"
            waiting += edges[number]


def _numbers(shape: Any) -> set[int]:
    """The shapes directly below one."""
    return {*shape["prefix"], shape["items"], shape["additional"], *(number for _, number in shape["properties"])}


def _digest(texts: Iterable[str]) -> str:
    made = hashlib.sha256()
    for text in texts:
        made.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return made.hexdigest()
