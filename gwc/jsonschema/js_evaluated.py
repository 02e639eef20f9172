"""JavaScript that says which members and items of a value are evaluated by checks (2020-12, 11: unevaluated*).

Marks are an object of the runtime: `x.mark(marks, name)` for a member or an index, `x.markAll(marks)` for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.js_body import Body
from gwc.jsonschema.js_composition import print_count
from gwc.jsonschema.js_literal import literal
from gwc.jsonschema.js_pattern import found
from gwc.jsonschema.js_scalars import guard
from gwc.jsonschema.tree import Check


def print_marks(body: Body, checks: Iterable[Check], value: str) -> str:
    """A variable with the marks that the checks leave on the value in a variable."""
    marks = body.new("e")
    body.add(f"const {marks} = x.marks();")
    print_marking(body, checks, value, marks)
    return marks


def print_marking(body: Body, checks: Iterable[Check], value: str, marks: str) -> None:
    """The statements that mark what the checks evaluate, as far as they hold."""
    for check in checks:
        printer = _PRINTERS.get(type(check))
        if printer is not None:
            printer(body, check, value, marks)


def _members(body: Body, check: tree.Members, value: str, marks: str) -> None:
    with body.block(f"if ({guard('object', value)})"):
        if check.additional is not None:
            body.add(f"x.markAll({marks});")
            return
        body.add(*(f"x.mark({marks}, {literal(name)});" for name, _ in check.properties))
        if check.patterns:
            name = body.new("k")
            tests = " || ".join(found(pattern, name) for pattern, _ in check.patterns)
            with body.loop(f"for (const {name} in {value})"):
                body.add(f"if ({tests}) x.mark({marks}, {name});")


def _items(body: Body, check: tree.Items, value: str, marks: str) -> None:
    with body.block(f"if ({guard('array', value)})"):
        body.add(*(f"x.mark({marks}, {number});" for number in range(len(check.prefix))))
        if check.rest is not None:
            body.add(f"x.markAll({marks});")


def _contains(body: Body, check: tree.Contains, value: str, marks: str) -> None:
    if not check.evaluates:
        return
    index, item, those = body.new("n"), body.new("i"), body.new("e")
    with body.block(f"if ({guard('array', value)})"):
        body.add(f"const {those} = [];")
        with body.loop(f"for (let {index} = 0; {index} < {value}.length; {index}++)"):
            body.add(f"const {item} = {value}[{index}];")
            body.add(f"if ({body.holds(check.schema, item)}) {those}.push({index});")
        enough = f"{those}.length >= {check.minimum}"
        body.add(
            f"if ({enough if check.maximum is None else f'{enough} && {those}.length <= {check.maximum}'}) x.markEach({marks}, {those});"
        )


def _apply(body: Body, check: tree.Apply, value: str, marks: str) -> None:
    print_marking(body, check.schema.checks, value, marks)


def _call(body: Body, check: tree.Call, value: str, marks: str) -> None:
    body.add(f"{body.function(body.marks_of(check))}({value}, {marks});")


def _any_of(body: Body, check: tree.AnyOf, value: str, marks: str) -> None:
    for schema in check.schemas:
        with body.block(f"if ({body.holds(schema, value)})"):
            print_marking(body, schema.checks, value, marks)


def _one_of(body: Body, check: tree.OneOf, value: str, marks: str) -> None:
    with body.block(f"if ({print_count(body, list(check.schemas), value, most=2)} === 1)"):
        _any_of(body, tree.AnyOf(check.schemas), value, marks)


def _if(body: Body, check: tree.If, value: str, marks: str) -> None:
    with body.block(f"if ({body.holds(check.condition, value)})"):
        print_marking(body, (*check.condition.checks, *check.then.checks), value, marks)
    with body.block("else"):
        print_marking(body, check.otherwise.checks, value, marks)


def _dependent(body: Body, check: tree.DependentSchema, value: str, marks: str) -> None:
    with body.block(f"if ({guard('object', value)} && x.has({value}, {literal(check.name)}))"):
        print_marking(body, check.schema.checks, value, marks)


def _unevaluated_properties(body: Body, _check: tree.UnevaluatedProperties, value: str, marks: str) -> None:
    body.add(f"if ({guard('object', value)}) x.markAll({marks});")


def _unevaluated_items(body: Body, _check: tree.UnevaluatedItems, value: str, marks: str) -> None:
    body.add(f"if ({guard('array', value)}) x.markAll({marks});")


_PRINTERS: dict[type[Any], Callable[[Body, Any, str, str], None]] = {
    tree.Members: _members,
    tree.Items: _items,
    tree.Contains: _contains,
    tree.Apply: _apply,
    tree.Call: _call,
    tree.AnyOf: _any_of,
    tree.OneOf: _one_of,
    tree.If: _if,
    tree.DependentSchema: _dependent,
    tree.UnevaluatedProperties: _unevaluated_properties,
    tree.UnevaluatedItems: _unevaluated_items,
}
