"""Which JSON types a value can have for a schema, as far as its checks at the value itself say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from types import MappingProxyType

from gwc.jsonschema.tree import AnyOf, Apply, Call, Check, Enum, If, JsonType, Never, OneOf, Schema, Table, Types

ALL: frozenset[JsonType] = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_BY_FIRST_CHARACTER: Mapping[str, JsonType] = MappingProxyType(
    {'"': "string", "t": "boolean", "f": "boolean", "n": "null", "[": "array", "{": "object"}
)


def possible_types(schema: Schema, table: Table) -> frozenset[JsonType]:
    """At least the types of all values that the schema takes. `number` comes with `integer`; `integer` alone: no fractions."""
    return _of_schema(schema, table, frozenset())


def type_of(text: str) -> JsonType:
    """The narrowest type of the value with this canonical text."""
    named = _BY_FIRST_CHARACTER.get(text[0])
    if named is not None:
        return named
    return "number" if "." in text or "e-" in text else "integer"


def _of_schema(schema: Schema, table: Table, calls: frozenset[int]) -> frozenset[JsonType]:
    return reduce(frozenset.intersection, (_of_check(c, table, calls) for c in schema.checks), ALL)


def _of_check(check: Check, table: Table, calls: frozenset[int]) -> frozenset[JsonType]:
    if isinstance(check, Never):
        return frozenset()
    if isinstance(check, Types):
        return frozenset(check.types) | ({"integer"} if "number" in check.types else set())
    if isinstance(check, Enum):
        return _of_values(check.values)
    if isinstance(check, Apply):
        return _of_schema(check.schema, table, calls)
    if isinstance(check, Call):
        return ALL if check.number in calls else _of_schema(table[check.number], table, calls | {check.number})
    if isinstance(check, AnyOf | OneOf):
        return _of_any(check.schemas, table, calls)
    if isinstance(check, If):
        return _of_any((check.then, check.otherwise), table, calls)
    return ALL


def _of_any(schemas: Iterable[Schema], table: Table, calls: frozenset[int]) -> frozenset[JsonType]:
    return frozenset[JsonType]().union(*(_of_schema(s, table, calls) for s in schemas))


def _of_values(values: Iterable[str]) -> frozenset[JsonType]:
    types = {type_of(v) for v in values}
    return frozenset(types | ({"integer"} if "number" in types else set()))
