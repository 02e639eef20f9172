"""The keywords that apply schemas: to the value itself, its members or its items.

Each maker takes the builder, the place of the schema that has the keyword, the value described, and what the keyword holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from gwc.diagnostics import Problems
from gwc.jsonschema.tree import (
    ANYTHING,
    AnyOf,
    Apply,
    Check,
    Contains,
    DependentRequired,
    DependentSchema,
    If,
    Items,
    Members,
    Never,
    Not,
    OneOf,
    PropertyNames,
    Required,
    Schema,
    Types,
    UnevaluatedItems,
    UnevaluatedProperties,
)
from gwc.lowering.schema.assemble import assemble
from gwc.lowering.schema.assertions import check_pattern
from gwc.lowering.schema.discriminator import read_discriminator
from gwc.lowering.schema.frame import Frame
from gwc.lowering.schema.place import Place, References


@dataclass(frozen=True, slots=True)
class At:
    """The value that is described: its frame, and the number of the schema that is built for it (None: it has none)."""

    frame: Frame
    owner: int | None


class Building(Protocol):
    """What the makers need of the builder."""

    references: References
    foreign: str

    def value(self, place: Place, *, closed: bool) -> Schema:
        """The schema of a member or item."""
        ...

    def checks(self, place: Place, at: At) -> list[Check]:
        """The checks of a schema that applies to the same value, to be merged."""
        ...

    def branch(self, place: Place, at: At) -> Schema:
        """A schema that applies to the same value under a condition."""
        ...

    def open_branch(self, place: Place, at: At) -> Schema:
        """The same, as the document has it."""
        ...

    def referred(self, place: Place, keyword: str, at: At) -> list[Check]:
        """What a reference applies to the same value."""
        ...

    def is_foreign(self, place: Place) -> bool:
        """Whether a member with this schema belongs to the other direction."""
        ...

    def are_apart(self, places: list[Place]) -> bool:
        """Whether no value fulfils two of the schemas."""
        ...

    def complain(self, problems: Problems) -> None:
        """Keeps findings."""
        ...


NULL = Schema((Types(("null",)),))

Maker = Callable[[Building, Place, At, Any], list[Check]]


def _items(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    """`items` alone, or a tuple of draft 4 with `additionalItems`."""
    if not isinstance(value, list):
        return [Items((), _item(builder, place, at, "items"))]
    prefix = tuple(_item(builder, place, at, "items", i) for i in range(len(value)))
    has_rest = "additionalItems" in place.cursor.value
    return [Items(prefix, _item(builder, place, at, "additionalItems") if has_rest else None)]


def _prefix_items(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    prefix = tuple(_item(builder, place, at, "prefixItems", i) for i in range(len(value)))
    return [Items(prefix, _item(builder, place, at, "items") if "items" in place.cursor.value else None)]


def _items_alone(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    return [] if "prefixItems" in place.cursor.value else _items(builder, place, at, value)


def _item(builder: Building, place: Place, at: At, *steps: str | int) -> Schema:
    return builder.value(builder.references.child(place, *steps), closed=at.frame.closed and not at.frame.open_items)


def _contains(builder: Building, place: Place, _at: At, _value: Any) -> list[Check]:
    cursor = place.cursor
    minimum = int(cursor.value.get("minContains", 1))
    maximum = int(cursor.value["maxContains"]) if "maxContains" in cursor.value else None
    return [Contains(builder.value(builder.references.child(place, "contains"), closed=False), minimum, maximum)]


def _members(builder: Building, place: Place, at: At, _value: Any) -> list[Check]:
    """`properties`, `patternProperties` and `additionalProperties` together."""
    value = place.cursor.value
    properties = tuple((name, _property(builder, place, at, name)) for name in value.get("properties", ()))
    patterns = tuple(_pattern(builder, place, at, text) for text in value.get("patternProperties", ()))
    additional = _member(builder, place, at, "additionalProperties") if "additionalProperties" in value else None
    return [Members(properties, patterns, additional)] if properties or patterns or additional is not None else []


def _patterns_first(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    return [] if "properties" in place.cursor.value else _members(builder, place, at, value)


def _additional_alone(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    return [] if "patternProperties" in place.cursor.value else _patterns_first(builder, place, at, value)


def _property(builder: Building, place: Place, at: At, name: str) -> Schema:
    child = builder.references.child(place, "properties", name)
    if at.frame.closed and builder.is_foreign(child):
        return Schema((Never(builder.foreign),))
    return builder.value(child, closed=at.frame.closed and not at.frame.open_members and name not in at.frame.open_names)


def _pattern(builder: Building, place: Place, at: At, text: str) -> tuple[str, Schema]:
    try:
        check_pattern(text, place.cursor.child("patternProperties").child(text), key=True)
    except Problems as problems:
        builder.complain(problems)
    return text, _member(builder, place, at, "patternProperties", text)


def _member(builder: Building, place: Place, at: At, *steps: str) -> Schema:
    return builder.value(builder.references.child(place, *steps), closed=at.frame.closed and not at.frame.open_members)


def _required(_builder: Building, _place: Place, at: At, value: Any) -> list[Check]:
    names = _needed(value, at) if isinstance(value, list) else ()
    return [Required(names)] if names else []


def _needed(names: list[str], at: At) -> tuple[str, ...]:
    return tuple(n for n in dict.fromkeys(names) if n not in at.frame.not_required)


def _dependent_required(_builder: Building, _place: Place, at: At, value: Any) -> list[Check]:
    return [DependentRequired(name, _needed(names, at)) for name, names in value.items() if _needed(names, at)]


def _dependent_schemas(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    return [_dependent(builder, place, "dependentSchemas", name, at) for name in value]


def _dependent(builder: Building, place: Place, keyword: str, name: str, at: At) -> Check:
    return DependentSchema(name, builder.branch(builder.references.child(place, keyword, name), at))


def _dependencies(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    """Draft 4; 2020-12 left it out, but who writes it means it."""
    checks: list[Check] = []
    for name, what in value.items():
        if not isinstance(what, list):
            checks.append(_dependent(builder, place, "dependencies", name, at))
        elif _needed(what, at):
            checks.append(DependentRequired(name, _needed(what, at)))
    return checks


def _property_names(builder: Building, place: Place, _at: At, _value: Any) -> list[Check]:
    return [PropertyNames(builder.value(builder.references.child(place, "propertyNames"), closed=False))]


def _reference(keyword: str) -> Maker:
    return lambda builder, place, at, _value: builder.referred(place, keyword, at)


def _all_of(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    """Merged, but for parts that look at what they have evaluated themselves."""
    checks: list[Check] = []
    for index in range(len(value)):
        part = builder.checks(builder.references.child(place, "allOf", index), at)
        is_own = any(isinstance(c, UnevaluatedProperties | UnevaluatedItems) for c in part)
        checks += [Apply(assemble(part))] if is_own else part
    return checks


def _any_of(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    places = [builder.references.child(place, "anyOf", i) for i in range(len(value))]
    return [_at_least_one(builder, place, places, at, "anyOf")]


def _one_of(builder: Building, place: Place, at: At, value: Any) -> list[Check]:
    """Which alternative it is, the open schemas say: as closed ones, one of several could be the only one."""
    places = [builder.references.child(place, "oneOf", i) for i in range(len(value))]
    if builder.are_apart(places):
        return [_at_least_one(builder, place, places, at, "oneOf")]
    discriminator = read_discriminator(place, places, builder.references)
    opened = OneOf(tuple(builder.open_branch(p, at) for p in places), discriminator)
    closed = AnyOf(tuple(builder.branch(p, at) for p in places), discriminator, "oneOf")
    if closed.schemas == opened.schemas:
        return [opened]
    # One failure, not one of both: what isn't valid at all is told as for open schemas.
    otherwise: Check = opened if discriminator else Never("oneOf")
    return [If(Schema((opened,)), Schema((closed,)), Schema((otherwise,)))]


def _at_least_one(builder: Building, place: Place, places: list[Place], at: At, keyword: Literal["anyOf", "oneOf"]) -> Check:
    """With null or something else, all but null must fulfil what is not null: then its failures can be told."""
    schemas = tuple(builder.branch(p, at) for p in places)
    if not schemas:
        return Never(keyword)
    if len(schemas) == 2 and NULL in schemas:
        return If(NULL, NULL, schemas[1 - schemas.index(NULL)])
    return AnyOf(schemas, read_discriminator(place, places, builder.references), keyword)


def _not(builder: Building, place: Place, at: At, _value: Any) -> list[Check]:
    return [Not(builder.open_branch(builder.references.child(place, "not"), at))]


def _if(builder: Building, place: Place, at: At, _value: Any) -> list[Check]:
    then, otherwise = (
        builder.branch(builder.references.child(place, k), at) if k in place.cursor.value else ANYTHING for k in ("then", "else")
    )
    return [If(builder.open_branch(builder.references.child(place, "if"), at), then, otherwise)]


def _unevaluated_properties(builder: Building, place: Place, at: At, _value: Any) -> list[Check]:
    return [UnevaluatedProperties(_member(builder, place, at, "unevaluatedProperties"))]


def _unevaluated_items(builder: Building, place: Place, at: At, _value: Any) -> list[Check]:
    return [UnevaluatedItems(_item(builder, place, at, "unevaluatedItems"))]


_BOTH: dict[str, Maker] = {
    "required": _required,
    "properties": _members,
    "patternProperties": _patterns_first,
    "additionalProperties": _additional_alone,
    "dependencies": _dependencies,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}
_MAKERS_31: dict[str, Maker] = {
    "prefixItems": _prefix_items,
    "items": _items_alone,
    "contains": _contains,
    "dependentRequired": _dependent_required,
    "propertyNames": _property_names,
    "$ref": _reference("$ref"),
    "$dynamicRef": _reference("$dynamicRef"),
    **_BOTH,
    "if": _if,
    "dependentSchemas": _dependent_schemas,
    "unevaluatedProperties": _unevaluated_properties,
    "unevaluatedItems": _unevaluated_items,
}
MAKERS: dict[str, dict[str, Maker]] = {"3.0": {"items": _items, **_BOTH}, "3.1": _MAKERS_31}
"""By version, in the order in which failures are told."""
APPLICATORS = frozenset(_MAKERS_31)
