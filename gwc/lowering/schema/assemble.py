"""Checks to a schema in one form: types first, nothing that can't fail."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from gwc.jsonschema.tree import (
    ANYTHING,
    Bound,
    Check,
    Contains,
    Count,
    DependentRequired,
    DependentSchema,
    Enum,
    Items,
    JsonType,
    Known,
    Matches,
    Members,
    MultipleOf,
    Never,
    Not,
    PropertyNames,
    Required,
    Schema,
    Types,
    UnevaluatedItems,
    UnevaluatedProperties,
    UniqueItems,
)
from gwc.jsonschema.types import type_of

_NUMBERS: frozenset[JsonType] = frozenset({"integer", "number"})
_STRINGS: frozenset[JsonType] = frozenset({"string"})
_ARRAYS: frozenset[JsonType] = frozenset({"array"})
_OBJECTS: frozenset[JsonType] = frozenset({"object"})
_COUNTED = {"Length": _STRINGS, "Items": _ARRAYS, "Properties": _OBJECTS}

_KINDS: dict[type, frozenset[JsonType]] = {
    Bound: _NUMBERS,
    MultipleOf: _NUMBERS,
    Matches: _STRINGS,
    Items: _ARRAYS,
    Contains: _ARRAYS,
    UniqueItems: _ARRAYS,
    UnevaluatedItems: _ARRAYS,
    Required: _OBJECTS,
    DependentRequired: _OBJECTS,
    Members: _OBJECTS,
    Known: _OBJECTS,
    PropertyNames: _OBJECTS,
    DependentSchema: _OBJECTS,
    UnevaluatedProperties: _OBJECTS,
}


def assemble(checks: Iterable[Check]) -> Schema:
    """The conjunction of the checks, those last that look at what the others have evaluated."""
    found = sorted(checks, key=_is_last)
    never = next((c for c in found if isinstance(c, Never)), None)
    if never is not None:
        return Schema((never,))
    types = _common_types([set(c.types) for c in found if isinstance(c, Types)])
    if types is None:
        return _schema(found)
    if not types:
        return Schema((Never("type"),))
    rest = (_narrowed(c, types) for c in found if not isinstance(c, Types))
    return _schema([Types(tuple(sorted(types))), *(c for c in rest if c is not None)])


def _is_last(check: Check) -> int:
    return 2 if isinstance(check, UnevaluatedItems) else int(isinstance(check, UnevaluatedProperties))


def _schema(checks: list[Check]) -> Schema:
    kept = tuple(c for c in checks if not (isinstance(c, Not) and _never_holds(c.schema)))
    never = next((c for c in kept if isinstance(c, Never) or (isinstance(c, Not) and c.schema == ANYTHING)), None)
    if never is None:
        return Schema(kept)
    return Schema((never if isinstance(never, Never) else Never("not"),))


def _never_holds(schema: Schema) -> bool:
    return any(isinstance(c, Never) for c in schema.checks)


def _common_types(sets: list[set[JsonType]]) -> set[JsonType] | None:
    """The types that all sets have; None without sets."""
    return reduce(_intersection, sets) if sets else None


def _intersection(one: set[JsonType], other: set[JsonType]) -> set[JsonType]:
    both = one & other
    if "number" not in both and ("number" in one or "number" in other) and ("integer" in one or "integer" in other):
        both.add("integer")
    return both


def _narrowed(check: Check, types: set[JsonType]) -> Check | None:
    """The check as far as it can fail for values of these types; None: it can't."""
    if isinstance(check, Enum):
        values = tuple(v for v in check.values if _is_of(v, types))
        return Enum(check.keyword, values) if values else Never(check.keyword)
    kinds = _COUNTED[check.keyword[3:]] if isinstance(check, Count) else _KINDS.get(type(check))
    return check if kinds is None or kinds & types else None


def _is_of(value: str, types: set[JsonType]) -> bool:
    kind = type_of(value)
    return kind in types or (kind == "integer" and "number" in types)
