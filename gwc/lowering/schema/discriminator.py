"""Discriminators: which alternative a value calls itself (OpenAPI 3.1.1, 4.8.25). It decides what is told, never what is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwc.diagnostics import Problems
from gwc.jsonschema.tree import Discriminator
from gwc.lowering.schema.place import Place, References
from gwc.source.cursor import Cursor
from gwc.source.reference import is_remote


def read_discriminator(place: Place, alternatives: list[Place], references: References) -> Discriminator | None:
    """The discriminator beside a list of alternatives; None when there is none, or when it names none of them."""
    value = place.cursor.value.get("discriminator")
    name = value.get("propertyName") if isinstance(value, dict) else None
    if not isinstance(name, str):
        return None
    targets = [_target(p, references) for p in alternatives]
    indexes: dict[str, int] = {}
    for index, target in enumerate(targets):
        if target is not None and len(target.pointer) == 3 and target.pointer[:2] == ("components", "schemas"):
            indexes.setdefault(str(target.pointer[2]), index)
    named = dict(indexes)
    for text, wanted in _mapping(place.cursor, references, targets, named):
        indexes.pop(text, None)
        if wanted is not None:
            indexes[text] = wanted
    return Discriminator(name, tuple(sorted(indexes.items()))) if indexes else None


def _target(place: Place, references: References) -> Cursor | None:
    value: Any = place.cursor.value
    if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
        return None
    try:
        return references.follow(place).cursor
    except Problems:
        return None  # told where the alternative is built


def _mapping(
    schema: Cursor, references: References, targets: list[Cursor | None], named: dict[str, int]
) -> Iterator[tuple[str, int | None]]:
    """Each value of `mapping`, and the index of its alternative (None: it is none of these)."""
    mapping = schema.child("discriminator").get("mapping")
    for text, member in mapping.members() if mapping else ():
        if not isinstance(member.value, str):
            continue
        if member.value in named and not is_remote(member.value):
            yield text, named[member.value]
            continue
        try:
            target = references.follow_text(member)
        except Problems:
            yield text, None
            continue
        yield text, targets.index(target) if target in targets else None
