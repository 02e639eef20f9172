"""JavaScript for the members of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gwc.jsonschema import tree
from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_evaluated import print_marks
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
    """An object in a variable, while checks about it are printed. `loaded`: variables with members, by name."""

    body: Body
    place: Place
    before: tuple[Check, ...]
    loaded: dict[str, str] = field(default_factory=dict)
    counted: dict[frozenset[str], str] = field(default_factory=dict)

    def load(self, name: str) -> str:
        """The variable with the member, undefined where it is not there."""
        if name not in self.loaded:
            self.loaded[name] = self.body.new("m")
            value = member(self.place.value, name)
            own = f"x.has({self.place.value}, {literal(name)}) ? {value} : undefined" if name in INHERITED else value
            self.body.add(f"const {self.loaded[name]} = {own};")
        return self.loaded[name]

    def refuse_if(self, condition: str, keyword: str) -> None:
        self.body.add(f"if ({condition}) {{ {self.place.refuse(keyword)} }}")


def print_object(body: Body, before: tuple[Check, ...], checks: Iterable[Check], place: Place) -> None:
    """The statements for checks about objects, behind the others of their schema. The value is known to be an object."""
    scope = _Object(body, place, before)
    for check in checks:
        _PRINTERS[type(check)](scope, check)
        scope.before = (*scope.before, check)


def _required(scope: _Object, check: tree.Required) -> None:
    for name in check.names:
        scope.refuse_if(f"{scope.load(name)} === undefined", "required")


def _dependent_required(scope: _Object, check: tree.DependentRequired) -> None:
    missing = [f"{scope.load(name)} === undefined" for name in check.required]
    if missing:
        scope.refuse_if(f"{scope.load(check.name)} !== undefined && ({' || '.join(missing)})", "dependentRequired")


def _dependent_schema(scope: _Object, check: tree.DependentSchema) -> None:
    with scope.body.block(f"if ({scope.load(check.name)} !== undefined)"):
        scope.body.print_schema(scope.body, check.schema, scope.place)


def _count(scope: _Object, check: tree.Count) -> None:
    scope.refuse_if(wrong_count(check, scope.place.value), check.keyword)


def _members(scope: _Object, check: tree.Members) -> None:
    for name, schema in check.properties:
        if schema.checks:
            value = scope.load(name)
            with scope.body.block(f"if ({value} !== undefined)"):
                scope.body.print_schema(scope.body, schema, scope.place.member(name, value))
    if check.additional is not None and not check.patterns and _is_never(check.additional):
        _known(scope, tree.Known("additionalProperties", tuple(name for name, _ in check.properties), ()))
    elif check.patterns or (check.additional is not None and check.additional.checks):
        _others(scope, check)


def _is_never(schema: Schema) -> bool:
    return len(schema.checks) == 1 and isinstance(schema.checks[0], tree.Never)


def _others(scope: _Object, check: tree.Members) -> None:
    """One loop for the members that fulfil the schemas of patterns, or of the rest; a failure of each only behind it."""
    body, name, value = scope.body, scope.body.new("k"), scope.body.new("m")
    odd, other = body.new("h"), body.new("h")
    body.add(f"let {odd} = false, {other} = false;")
    with body.loop(f"for (const {name} in {scope.place.value})"):
        body.add(f"const {value} = {scope.place.value}[{name}];")
        known = body.new("h")
        body.add(f"let {known} = {_is_one_of(name, [n for n, _ in check.properties])};")
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
    if not check.patterns:
        present = "".join(f" - ({scope.load(name)} === undefined ? 0 : 1)" for name in check.names)
        scope.refuse_if(f"x.count({scope.place.value}){present} !== 0", check.keyword)
        return
    body, name, unknown = scope.body, scope.body.new("k"), scope.body.new("h")
    tests = [*(f"{name} === {literal(n)}" for n in check.names), *(found(pattern, name) for pattern in check.patterns)]
    body.add(f"let {unknown} = false;")
    with body.loop(f"for (const {name} in {scope.place.value})"):
        body.add(f"if (!({' || '.join(tests)})) {{ {unknown} = true; break; }}")
    scope.refuse_if(unknown, check.keyword)


def _property_names(scope: _Object, check: tree.PropertyNames) -> None:
    body, name, wrong = scope.body, scope.body.new("k"), scope.body.new("h")
    body.add(f"let {wrong} = false;")
    with body.loop(f"for (const {name} in {scope.place.value})"):
        body.add(f"if (!{body.holds(check.schema, name)}) {{ {wrong} = true; break; }}")
    scope.refuse_if(wrong, "propertyNames")


def _unevaluated(scope: _Object, check: tree.UnevaluatedProperties) -> None:
    body, name, value, wrong = scope.body, scope.body.new("k"), scope.body.new("m"), scope.body.new("h")
    marks = print_marks(body, scope.before, scope.place.value)
    body.add(f"let {wrong} = false;")
    with body.loop(f"for (const {name} in {scope.place.value})"):
        body.add(f"if (x.isMarked({marks}, {name})) continue;", f"const {value} = {scope.place.value}[{name}];")
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
