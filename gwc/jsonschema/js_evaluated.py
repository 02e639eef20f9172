"""JavaScript that says which members and items of a value are evaluated by checks (2020-12, 11: unevaluated*).

Marks are an object with a member `.<name>` for each member, or index, that was evaluated, or `*`: all were.
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
    body.add(f"{marks} = {{}};")
    print_marking(body, checks, value, marks)
    return marks


def is_marked(marks: str, name: str) -> str:
    """An expression for whether the member, or index, in a variable was evaluated."""
    return f'({marks}["*"] || {marks}["." + {name}])'


def print_marking(body: Body, checks: Iterable[Check], value: str, marks: str) -> None:
    """The statements that mark what the checks evaluate, as far as they hold."""
    for check in checks:
        printer = _PRINTERS.get(type(check))
        if printer is not None:
            printer(body, check, value, marks)


def _mark_all(marks: str) -> str:
    return f'{marks}["*"] = true;'


def _mark_some(marks: str, names: Iterable[str]) -> list[str]:
    return [f"{marks}[{literal('.' + name)}] = true;" for name in names]


def _members(body: Body, check: tree.Members, value: str, marks: str) -> None:
    with body.block(f"if ({guard('object', value)})"):
        if check.additional is not None:
            body.add(_mark_all(marks))
            return
        body.add(*_mark_some(marks, (name for name, _ in check.properties)))
        if check.patterns:
            name = body.new("k")
            tests = " || ".join(found(pattern, name) for pattern, _ in check.patterns)
            with body.loop(f"for ({name} in {value})"):
                body.add(f'if ({tests}) {marks}["." + {name}] = true;')


def _items(body: Body, check: tree.Items, value: str, marks: str) -> None:
    with body.block(f"if ({guard('array', value)})"):
        body.add(*_mark_some(marks, map(str, range(len(check.prefix)))))
        if check.rest is not None:
            body.add(_mark_all(marks))


def _contains(body: Body, check: tree.Contains, value: str, marks: str) -> None:
    if not check.evaluates:
        return
    index, item, those, each = body.new("n"), body.new("i"), body.new("e"), body.new("n")
    with body.block(f"if ({guard('array', value)})"):
        body.add(f"{those} = [];")
        with body.loop(f"for ({index} = 0; {index} < {value}.length; {index}++)"):
            body.add(f"{item} = {value}[{index}];")
            body.add(f"if ({body.holds(check.schema, item)}) {those}.push({index});")
        most = "" if check.maximum is None else f" && {those}.length <= {check.maximum}"
        with body.block(f"if ({those}.length >= {check.minimum}{most})"):
            body.add(f'for ({each} = 0; {each} < {those}.length; {each}++) {marks}["." + {those}[{each}]] = true;')


def _apply(body: Body, check: tree.Apply, value: str, marks: str) -> None:
    print_marking(body, check.schema.checks, value, marks)


def _call(body: Body, check: tree.Call, value: str, marks: str) -> None:
    checks = [c for c in body.schema_of(check).checks if type(c) in _PRINTERS]
    if all(isinstance(c, tree.Members) for c in checks):
        print_marking(body, checks, value, marks)
    else:
        body.add(f"{body.function(body.marks_of(check))}({value}, {marks});")


def _any_of(body: Body, check: tree.AnyOf, value: str, marks: str) -> None:
    for schema in check.schemas:
        with body.block(f"if ({body.holds(schema, value)})"):
            print_marking(body, schema.checks, value, marks)


def _one_of(body: Body, check: tree.OneOf, value: str, marks: str) -> None:
    known = body.known(check, value)
    count, held = (known.count, known.alternatives) if known else print_count(body, list(check.schemas), value, most=2)
    for name, schema in zip(held, check.schemas, strict=True):
        with body.block(f"if ({count} === 1 && {name})"):
            print_marking(body, schema.checks, value, marks)


def _if(body: Body, check: tree.If, value: str, marks: str) -> None:
    with body.block(f"if ({body.holds(check.condition, value)})"):
        print_marking(body, (*check.condition.checks, *check.then.checks), value, marks)
    with body.block("else"):
        print_marking(body, check.otherwise.checks, value, marks)


def _dependent(body: Body, check: tree.DependentSchema, value: str, marks: str) -> None:
    with body.block(f"if ({guard('object', value)} && x.more().has({value}, {literal(check.name)}))"):
        print_marking(body, check.schema.checks, value, marks)


def _unevaluated_properties(body: Body, _check: tree.UnevaluatedProperties, value: str, marks: str) -> None:
    body.add(f"if ({guard('object', value)}) {_mark_all(marks)}")


def _unevaluated_items(body: Body, _check: tree.UnevaluatedItems, value: str, marks: str) -> None:
    body.add(f"if ({guard('array', value)}) {_mark_all(marks)}")


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
