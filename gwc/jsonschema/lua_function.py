"""The Lua function of a schema: its checks as straight statements, with the small schemas below it written out.

Every failure is told once and in the order of the checks; where failures are not told one by one, schemas are asked without collector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gwc.jsonschema import lua_expression, tree
from gwc.jsonschema.lua_body import Body, Place, Program, Step
from gwc.jsonschema.lua_literal import quote
from gwc.jsonschema.tree import NOTHING, Check, Schema

_MAX_TOGETHER = 100
"""Alternatives in one expression, which has jumps."""


def function_text(schema: Schema, program: Program) -> str:
    """The function `f(v, c, p)` of a schema."""
    body = new_body(program)
    body.schema(schema, Place())
    return "\n".join(["function(v, c, p)", "local ok = true", *body.lines, "return ok", "end"])


def new_body(program: Program) -> Body:
    """A body without statements."""
    return Body(program, _steps)


def _steps(body: Body, schema: Schema, place: Place) -> Iterator[Step]:
    for at, check in enumerate(schema.checks):
        if isinstance(check, _Long):
            yield from _STEPS[type(check)](body, check, place)
        elif isinstance(check, tree.UnevaluatedProperties | tree.UnevaluatedItems):
            yield _KINDS[type(check)], partial(_unevaluated, body, check, schema.checks[:at], place)
        else:
            kind = lua_expression.counted(check) if isinstance(check, tree.Count) else _KINDS.get(type(check))
            yield kind, partial(_write, body, check, place)


def _write(body: Body, check: Check, place: Place) -> None:
    writer = _WRITERS.get(type(check))
    if writer is not None:
        writer(body, check, place)
    else:
        body.fails_if(lua_expression.broken(check, place.v, place.t, body.program), place, lua_expression.keyword(check))


def _member_steps(body: Body, check: tree.Members, place: Place) -> Iterator[Step]:
    for name, schema in check.properties:
        if schema.checks:
            yield "object", partial(_part, body, schema, f"{place.v}[{quote(name)}]", place.named(name))
    if check.patterns or (check.additional is not None and check.additional.checks):
        yield "object", partial(_other_members, body, check, place)


def _required_steps(body: Body, check: tree.Required, place: Place) -> Iterator[Step]:
    for name in check.names:
        yield "object", partial(body.fails_if, f"{place.v}[{quote(name)}] == nil", place, "required")


def _item_steps(body: Body, check: tree.Items, place: Place) -> Iterator[Step]:
    for i, schema in enumerate(check.prefix):
        if schema.checks:
            yield "array", partial(_part, body, schema, f"{place.v}[{i + 1}]", place.named(i))
    if check.rest is not None and check.rest.checks:
        yield "array", partial(_rest, body, check.rest, len(check.prefix) + 1, place)


def _part(body: Body, schema: Schema, expression: str, place: Place) -> None:
    """A member or item that may be absent."""
    with body.block("do"):
        body.add(f"local {place.v} = {expression}")
        with body.block(f"if {place.v} ~= nil then"):
            body.applies(schema, place)


def _other_members(body: Body, check: tree.Members, place: Place) -> None:
    """Members by pattern, and those that nothing names."""
    named = body.program.constant(lua_expression.names(name for name, _ in check.properties))
    if check.additional == NOTHING and not check.patterns:
        body.fails_if(f"not known({place.v}, {named}, {body.program.constant('{}')})", place, "additionalProperties")
        return
    with body.block("do"):
        body.add("local matching, additional = true, true")
        with body.block(f"for name, m in next, {place.v} do"), body.block("if name ~= 0 then"):
            body.add(f"local seen = {named}[name]")
            for pattern, schema in check.patterns:
                with body.block(f"if matches({body.program.pattern(pattern)}, name) then"):
                    body.add("seen = true")
                    body.add(f"if not {body.holds(schema, 'm')} then matching = false end")
            if check.additional is not None:
                body.add(f"if not seen and not {body.holds(check.additional, 'm')} then additional = false end")
        body.fails_if("not matching", place, "patternProperties")
        body.fails_if("not additional", place, "additionalProperties")


def _never(body: Body, check: tree.Never, place: Place) -> None:
    body.fails(place, check.keyword)


def _apply(body: Body, check: tree.Apply, place: Place) -> None:
    body.applies(check.schema, place)


def _call(body: Body, check: tree.Call, place: Place) -> None:
    body.applies(Schema((check,)), place)


def _dependent_schema(body: Body, check: tree.DependentSchema, place: Place) -> None:
    with body.block(f"if {place.v}[{quote(check.name)}] ~= nil then"):
        body.applies(check.schema, place)


def _property_names(body: Body, check: tree.PropertyNames, place: Place) -> None:
    if check.schema.checks:
        body.fails_if(f"not names({place.v}, {body.program.function(check.schema)})", place, "propertyNames")


def _rest(body: Body, schema: Schema, first: int, place: Place) -> None:
    """Items from number `first` on."""
    item = place.each()
    with body.block(f"for i = {first}, #{place.v} do"):
        body.add(f"local {item.v} = {place.v}[i]")
        body.add(f"local {item.p} = c and {place.p} .. {quote(place.suffix + '/')} .. i - 1")
        body.applies(schema, item)


def _contains(body: Body, check: tree.Contains, place: Place) -> None:
    with body.block("do"):
        body.add("local n = 0")
        with body.block(f"for i = 1, #{place.v} do"):
            body.add(f"local m = {place.v}[i]")
            body.add(f"if {body.holds(check.schema, 'm')} then n = n + 1 end")
        if check.minimum > 0:
            body.fails_if(f"n < {check.minimum}", place, "contains" if check.minimum == 1 else "minContains")
        if check.maximum is not None:
            body.fails_if(f"n > {check.maximum}", place, "maxContains")


def _not(body: Body, check: tree.Not, place: Place) -> None:
    body.fails_if(body.holds(check.schema, place.v), place, "not")


def _if(body: Body, check: tree.If, place: Place) -> None:
    with body.block(f"if {body.holds(check.condition, place.v)} then"):
        body.applies(check.then, place)
        body.add("else")
        body.applies(check.otherwise, place)


def _any_of(body: Body, check: tree.AnyOf, place: Place) -> None:
    with body.block("do"):
        body.add(f"local held = {' or '.join(body.holds(schema, place.v) for schema in check.schemas[:_MAX_TOGETHER])}")
        for schema in check.schemas[_MAX_TOGETHER:]:
            body.add(f"held = held or {body.holds(schema, place.v)}")
        with body.block("if not held then"):
            _none_fits(body, check, check.keyword, place)


def _one_of(body: Body, check: tree.OneOf, place: Place) -> None:
    with body.block("do"):
        body.add("local n = 0")
        for schema in check.schemas:
            body.add(f"if n < 2 and {body.holds(schema, place.v)} then n = n + 1 end")
        with body.block("if n ~= 1 then"):
            _none_fits(body, check, "oneOf", place)


def _none_fits(body: Body, check: tree.AnyOf | tree.OneOf, keyword: str, place: Place) -> None:
    discriminator = check.discriminator
    if discriminator is None:
        body.fails(place, keyword)
        return
    numbers = {value: body.program.number(check.schemas[index]) for value, index in discriminator.alternatives}
    table = body.program.constant(lua_expression.numbers(numbers))
    asked = f'c, {place.pointer}, "{keyword}", {place.v}, {quote(discriminator.name)}, {table}, F'
    body.add(f"if told({asked}) then return false end")
    body.add("ok = false")


def _unevaluated(body: Body, check: tree.UnevaluatedProperties | tree.UnevaluatedItems, before: tuple[Check, ...], place: Place) -> None:
    """What checks that fail have evaluated counts; what alternatives that don't hold have evaluated does not."""
    if not check.schema.checks:
        return
    keyword = check.keyword if isinstance(check, tree.UnevaluatedProperties) else "unevaluatedItems"
    with body.block("do"):
        body.add("local e = {}")
        body.add(f"{body.program.marker(before)}({place.v}, e)")
        function = body.program.function(NOTHING if check.schema == NOTHING else check.schema)
        body.fails_if(f"not rest({place.v}, e, {function})", place, keyword)


_Long = tree.Members | tree.Required | tree.Items
_STEPS: dict[type, Callable[[Body, Any, Place], Iterator[Step]]] = {
    tree.Members: _member_steps,
    tree.Required: _required_steps,
    tree.Items: _item_steps,
}
"""Checks that may have thousands of parts, each of which is a step."""

_KINDS: dict[type, str] = {
    tree.Matches: "string",
    tree.Contains: "array",
    tree.UniqueItems: "array",
    tree.UnevaluatedItems: "array",
    tree.DependentRequired: "object",
    tree.DependentSchema: "object",
    tree.Known: "object",
    tree.PropertyNames: "object",
    tree.UnevaluatedProperties: "object",
}
"""The kind of the only values that a check is about, where its statement must know."""

_WRITERS: dict[type, Callable[[Body, Any, Place], None]] = {
    tree.Never: _never,
    tree.Apply: _apply,
    tree.Call: _call,
    tree.DependentSchema: _dependent_schema,
    tree.PropertyNames: _property_names,
    tree.Contains: _contains,
    tree.Not: _not,
    tree.If: _if,
    tree.AnyOf: _any_of,
    tree.OneOf: _one_of,
}
"""The checks that are more than an expression (`gwc.jsonschema.lua_expression`)."""
