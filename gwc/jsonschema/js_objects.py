"""JavaScript for the members of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_evaluated import is_marked, print_marks
from gwc.jsonschema.js_literal import literal, member
from gwc.jsonschema.js_pattern import found
from gwc.jsonschema.js_scalars import wrong_count
from gwc.jsonschema.tree import Check, Schema

INHERITED = frozenset(
    {
        "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor", "hasOwnProperty", "isPrototypeOf",
        "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
    }
)  # fmt: skip
"""What every object has (ECMA-262, 20.1.3 and B.2.2); no other name can be had without being a member. A member is never undefined."""


@dataclass
class _Object:
    """An object in a variable, while checks about it are printed. `before`: the checks of its schema that are printed already.

    `judged`: names of members with a schema of their own; `required`: those of them whose absence is told where they are judged. `known`:
    the check whose names are counted while those are judged, in `present`.
    """

    body: Body
    place: Place
    before: tuple[Check, ...]
    judged: frozenset[str]
    required: frozenset[str] = frozenset()
    known: tree.Known | None = None
    present: str = ""

    def read(self, name: str) -> str:
        """An expression for the member, undefined where it is not there."""
        value = member(self.place.value, name)
        return f"(x.more().has({self.place.value}, {literal(name)}) ? {value} : undefined)" if name in INHERITED else value

    def refuse_if(self, condition: str, keyword: str) -> None:
        self.body.add(f"if ({condition}) {{ {self.place.refuse(keyword)} }}")


def print_object(body: Body, schema: Schema, at: int, checks: Sequence[Check], place: Place) -> None:
    """The statements for checks about objects, the first of which is the one with index `at`. The value is known to be an object."""
    judged = frozenset(name for check in schema.checks if isinstance(check, tree.Members) for name, _ in check.properties)
    scope = _Object(body, place, schema.checks[:at], judged)
    if place.leaves:
        scope.required = _required_later(checks)
    known = next((check for check in checks if isinstance(check, tree.Known) and not check.patterns), None)
    is_alone = sum(isinstance(check, tree.Members) for check in schema.checks) == 1
    for check in checks:
        if isinstance(check, tree.Members) and is_alone:
            scope.known = known
        _PRINTERS[type(check)](scope, check)
        scope.before = (*scope.before, check)


def _required_later(checks: Sequence[Check]) -> frozenset[str]:
    required = {name for check in checks if isinstance(check, tree.Required) for name in check.names}
    return frozenset(
        n for check in checks if isinstance(check, tree.Members) for n, schema in check.properties if n in required and schema.checks
    )


def _required(scope: _Object, check: tree.Required) -> None:
    for name in check.names:
        if name in scope.required:
            continue
        scope.refuse_if(f"{scope.read(name)} === undefined", "required")


def _dependent_required(scope: _Object, check: tree.DependentRequired) -> None:
    missing = [f"{scope.read(name)} === undefined" for name in check.required]
    if missing:
        scope.refuse_if(f"{scope.read(check.name)} !== undefined && ({' || '.join(missing)})", "dependentRequired")


def _dependent_schema(scope: _Object, check: tree.DependentSchema) -> None:
    with scope.body.block(f"if ({scope.read(check.name)} !== undefined)"):
        scope.body.print_schema(scope.body, check.schema, scope.place)


def _count(scope: _Object, check: tree.Count) -> None:
    scope.refuse_if(wrong_count(check, scope.place.value), check.keyword)


def _members(scope: _Object, check: tree.Members) -> None:
    if scope.known is not None:
        scope.present = scope.body.new("n")
        scope.body.add(f"{scope.present} = 0;")
    for name, schema in check.properties:
        counts = scope.known is not None and name in scope.known.names
        if schema.checks or counts or scope.place.counts:
            _member(scope, name, schema, counts=counts)
    if check.additional is not None and not check.patterns and _is_never(check.additional):
        _known(scope, tree.Known("additionalProperties", tuple(name for name, _ in check.properties), ()))
    elif check.patterns or (check.additional is not None and check.additional.checks):
        _others(scope, check)


def _member(scope: _Object, name: str, schema: Schema, *, counts: bool) -> None:
    body = scope.body
    with body.scope():
        value = body.new("m")
        body.add(f"{value} = {scope.read(name)};")
        if name in scope.required:
            scope.refuse_if(f"{value} === undefined", "required")
        with body.scope() if name in scope.required else body.block(f"if ({value} !== undefined)"):
            if counts:
                body.add(f"{scope.present}++;")
            body.print_schema(body, schema, scope.place.member(name, value))


def _is_never(schema: Schema) -> bool:
    return len(schema.checks) == 1 and isinstance(schema.checks[0], tree.Never)


def _others(scope: _Object, check: tree.Members) -> None:
    """One loop for the members that fulfil the schemas of patterns, or of the rest; a failure of each only behind it."""
    body, name, value = scope.body, scope.body.new("k"), scope.body.new("m")
    odd, other = body.new("h"), body.new("h")
    body.add(f"{odd} = {other} = false;")
    with body.loop(f"for ({name} in {scope.place.value})"):
        body.add(f"{value} = {scope.place.value}[{name}];")
        known = body.new("h")
        body.add(f"{known} = {_is_one_of(name, [n for n, _ in check.properties])};")
        for pattern, schema in check.patterns:
            with body.block(f"if ({found(pattern, name)})"):
                body.add(f"{known} = true;")
                body.add(f"if (!{body.holds(schema, value)}) {odd} = true;")
        if check.additional is not None and check.additional.checks:
            with body.block(f"if (!{known})"):
                body.add(f"if (!{body.holds(check.additional, value)}) {other} = true;")
    scope.refuse_if(odd, "patternProperties")
    scope.refuse_if(other, "additionalProperties")


def _is_one_of(name: str, names: Iterable[str]) -> str:
    return " || ".join(f"{name} === {literal(n)}" for n in names) or "false"


def _known(scope: _Object, check: tree.Known) -> None:
    """Without patterns there are as many members as named ones that are there."""
    if check.patterns:
        _known_by_pattern(scope, check)
        return
    present, names = (scope.present, [n for n in check.names if n not in scope.judged]) if check is scope.known else ("0", check.names)
    present = " + ".join((present, *(f"({scope.read(name)} === undefined ? 0 : 1)" for name in names)))
    unknown = f"x.count({scope.place.value}) !== {present}"
    if not scope.place.counts:
        scope.refuse_if(unknown, check.keyword)
        return
    with scope.body.block("if (x.counts)"):
        scope.body.add(f"x.members += {present};")
        for name in check.names:
            if name not in scope.judged:
                value = scope.read(name)
                scope.body.add(f"if (typeof {value} === 'object' && {value} !== null) x.members += x.total({value});")
    scope.body.add(f"else if ({unknown}) {{ {scope.place.refuse(check.keyword)} }}")


def _known_by_pattern(scope: _Object, check: tree.Known) -> None:
    body, name, unknown = scope.body, scope.body.new("k"), scope.body.new("h")
    tests = [*(f"{name} === {literal(n)}" for n in check.names), *(found(pattern, name) for pattern in check.patterns)]
    body.add(f"{unknown} = false;")
    with body.loop(f"for ({name} in {scope.place.value})"):
        body.add(f"if (!({' || '.join(tests)})) {{ {unknown} = true; break; }}")
    scope.refuse_if(unknown, check.keyword)


def _property_names(scope: _Object, check: tree.PropertyNames) -> None:
    body, name, wrong = scope.body, scope.body.new("k"), scope.body.new("h")
    body.add(f"{wrong} = false;")
    with body.loop(f"for ({name} in {scope.place.value})"):
        body.add(f"if (!{body.holds(check.schema, name)}) {{ {wrong} = true; break; }}")
    scope.refuse_if(wrong, "propertyNames")


def _unevaluated(scope: _Object, check: tree.UnevaluatedProperties) -> None:
    body, name, value, wrong = scope.body, scope.body.new("k"), scope.body.new("m"), scope.body.new("h")
    marks = print_marks(body, scope.before, scope.place.value)
    body.add(f"{wrong} = false;")
    with body.loop(f"for ({name} in {scope.place.value})"):
        body.add(f"if ({is_marked(marks, name)}) continue;", f"{value} = {scope.place.value}[{name}];")
        body.add(f"if (!{body.holds(check.schema, value)}) {{ {wrong} = true; break; }}")
    scope.refuse_if(wrong, check.keyword)


_PRINTERS: dict[type[Any], Callable[[_Object, Any], None]] = {
    tree.Required: _required,
    tree.DependentRequired: _dependent_required,
    tree.DependentSchema: _dependent_schema,
    tree.Count: _count,
    tree.Members: _members,
    tree.Known: _known,
    tree.PropertyNames: _property_names,
    tree.UnevaluatedProperties: _unevaluated,
}
