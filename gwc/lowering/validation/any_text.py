"""Whether a schema takes every string: then texts whose bytes nobody looks at may stand there."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.jsonschema.tree import AnyOf, Apply, Call, Check, Count, Enum, If, Items, Matches, Members, Never, Not, OneOf, Schema, Types
from gwc.lowering.validation.schemas import Schemas


def takes_any_text(schema: Schema, schemas: Schemas) -> bool:
    """Whether it surely does."""
    known = schemas.any_text
    if id(schema) not in known:
        known[id(schema)] = schema, all(_holds(check, schemas) for check in schema.checks)
    return known[id(schema)][1]


def _holds(check: Check, schemas: Schemas) -> bool:
    if isinstance(check, Types):
        return "string" in check.types
    if isinstance(check, Apply):
        return takes_any_text(check.schema, schemas)
    if isinstance(check, Call):
        return takes_any_text(schemas.called(check.number), schemas)
    if isinstance(check, AnyOf):
        return any(takes_any_text(s, schemas) for s in check.schemas)
    if isinstance(check, If):
        return takes_any_text(check.then, schemas) and takes_any_text(check.otherwise, schemas)
    if isinstance(check, Count):
        return check.keyword not in ("minLength", "maxLength") or (check.keyword == "minLength" and check.limit == 0)
    return not isinstance(check, Never | Enum | Matches | OneOf | Not)


def member_takes_any_text(schema: Schema, name: str, schemas: Schemas, *, in_list: bool) -> bool:
    """Whether a member, or every item of a member that is a list, surely may be any string."""
    found = list(_of_member(schema, name, schemas))
    if in_list:
        found = [item for one in found for item in _of_items(one, schemas)]
    return all(takes_any_text(one, schemas) for one in found)


def _of_member(schema: Schema, name: str, schemas: Schemas) -> Iterator[Schema]:
    for check in _in_place(schema, schemas):
        if isinstance(check, Members):
            found = dict(check.properties).get(name, check.additional)
            if found is not None:
                yield found


def _of_items(schema: Schema, schemas: Schemas) -> Iterator[Schema]:
    for check in _in_place(schema, schemas):
        if isinstance(check, Items):
            yield from check.prefix
            if check.rest is not None:
                yield check.rest


def _in_place(schema: Schema, schemas: Schemas) -> Iterator[Check]:
    """All checks that may apply to the same value, those of each schema once."""
    waiting, seen = [schema], set[int]()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        for check in here.checks:
            yield check
            waiting += _beside(check, schemas)


def _beside(check: Check, schemas: Schemas) -> tuple[Schema, ...]:
    if isinstance(check, Apply):
        return (check.schema,)
    if isinstance(check, Call):
        return (schemas.called(check.number),)
    if isinstance(check, AnyOf | OneOf):
        return check.schemas
    return (check.then, check.otherwise) if isinstance(check, If) else ()
