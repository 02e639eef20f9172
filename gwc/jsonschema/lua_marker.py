"""Functions `f(v, e)` that note in `e` which members or items of an object or array checks have evaluated; `e[0]`: all of them.

As the reference evaluator sees it: members and items count as evaluated whether they are valid or not; of alternatives and conditions count
those that hold, and none when the check that has them fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.lua_body import Body, Program
from gwc.jsonschema.lua_function import new_body
from gwc.jsonschema.lua_literal import quote
from gwc.jsonschema.tree import Check, Schema, Table

_MAX_NAMES = 1000
"""In one `if`: LuaJIT jumps over at most 32,767 instructions."""


def evaluates(checks: Sequence[Check], table: Table) -> bool:
    """Whether the checks can evaluate anything. No cycle of calls stays at one place of the instance."""
    return any(_evaluates(check, table) for check in checks)


def _evaluates(check: Check, table: Table) -> bool:
    match check:
        case tree.Members() | tree.Items() | tree.UnevaluatedProperties() | tree.UnevaluatedItems():
            return True
        case tree.Contains():
            return check.evaluates
        case tree.Apply() | tree.DependentSchema():
            return evaluates(check.schema.checks, table)
        case tree.Call():
            return evaluates(table[check.number].checks, table)
        case tree.AnyOf() | tree.OneOf():
            return any(evaluates(schema.checks, table) for schema in check.schemas)
        case tree.If():
            return any(evaluates(schema.checks, table) for schema in (check.condition, check.then, check.otherwise))
        case _:
            return False


def marker_text(checks: Sequence[Check], program: Program, table: Table) -> str:
    """The function for checks of one value."""
    marker = _Marker(new_body(program), table)
    for check in checks:
        marker.check(check)
    return "\n".join(["function(v, e)", "local t = kind(v)", *marker.body.lines, "end"])


@dataclass(frozen=True, slots=True)
class _Marker:
    body: Body
    table: Table

    def check(self, check: Check) -> None:
        writer = _WRITERS.get(type(check))
        if writer is not None and _evaluates(check, self.table):
            writer(self, check)

    def schema(self, schema: Schema) -> None:
        """The same value, by another schema."""
        if not evaluates(schema.checks, self.table):
            return
        only = schema.checks[0]
        checks = self.table[only.number].checks if len(schema.checks) == 1 and isinstance(only, tree.Call) else schema.checks
        self.body.add(f"{self.body.program.marker(checks)}(v, e)")


def _all_members(marker: _Marker, _check: tree.UnevaluatedProperties) -> None:
    marker.body.add('if t == "object" then e[0] = true end')


def _all_items(marker: _Marker, _check: tree.UnevaluatedItems) -> None:
    marker.body.add('if t == "array" then e[0] = true end')


def _apply(marker: _Marker, check: tree.Apply) -> None:
    marker.schema(check.schema)


def _call(marker: _Marker, check: tree.Call) -> None:
    marker.schema(Schema((check,)))


def _dependent_schema(marker: _Marker, check: tree.DependentSchema) -> None:
    with marker.body.block(f'if t == "object" and v[{quote(check.name)}] ~= nil then'):
        marker.schema(check.schema)


def _members(marker: _Marker, check: tree.Members) -> None:
    body = marker.body
    if check.additional is not None:
        body.add('if t == "object" then e[0] = true end')
        return
    for at in range(0, len(check.properties), _MAX_NAMES):
        with body.block('if t == "object" then'):
            for name, _ in check.properties[at : at + _MAX_NAMES]:
                body.add(f"e[{quote(name)}] = true")
    if check.patterns:
        found = " or ".join(f"matches({body.program.pattern(pattern)}, name)" for pattern, _ in check.patterns)
        with body.block('if t == "object" then'), body.block("for name in next, v do"):
            body.add(f"if name ~= 0 and ({found}) then e[name] = true end")


def _items(marker: _Marker, check: tree.Items) -> None:
    with marker.body.block('if t == "array" then'):
        if check.rest is not None:
            marker.body.add("e[0] = true")
        elif check.prefix:
            marker.body.add(f"for i = 1, {len(check.prefix)} do e[i] = true end")


def _contains(marker: _Marker, check: tree.Contains) -> None:
    body = marker.body
    with body.block('if t == "array" then'):
        body.add("local n, found = 0, {}")
        with body.block("for i = 1, #v do"):
            body.add("local m = v[i]")
            body.add(f"if {body.holds(check.schema, 'm')} then n = n + 1 found[n] = i end")
        most = f" and n <= {check.maximum}" if check.maximum is not None else ""
        with body.block(f"if n >= {check.minimum}{most} then"):
            body.add("for i = 1, n do e[found[i]] = true end")


def _any_of(marker: _Marker, check: tree.AnyOf) -> None:
    for schema in check.schemas:
        if evaluates(schema.checks, marker.table):
            with marker.body.block(f"if {marker.body.holds(schema, 'v')} then"):
                marker.schema(schema)


def _one_of(marker: _Marker, check: tree.OneOf) -> None:
    body = marker.body
    with body.block("do"):
        body.add("local n, x = 0, 0")
        for i, schema in enumerate(check.schemas):
            body.add(f"if n < 2 and {body.holds(schema, 'v')} then n, x = n + 1, {i} end")
        for i, schema in enumerate(check.schemas):
            with body.block(f"if n == 1 and x == {i} then"):
                marker.schema(schema)


def _if(marker: _Marker, check: tree.If) -> None:
    body = marker.body
    with body.block(f"if {body.holds(check.condition, 'v')} then"):
        marker.schema(check.condition)
        marker.schema(check.then)
        body.add("else")
        marker.schema(check.otherwise)


_WRITERS: dict[type, Callable[[_Marker, Any], None]] = {
    tree.Members: _members,
    tree.Items: _items,
    tree.Contains: _contains,
    tree.UnevaluatedProperties: _all_members,
    tree.UnevaluatedItems: _all_items,
    tree.Apply: _apply,
    tree.Call: _call,
    tree.DependentSchema: _dependent_schema,
    tree.AnyOf: _any_of,
    tree.OneOf: _one_of,
    tree.If: _if,
}
