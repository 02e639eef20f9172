"""Alternatives of which no value can fulfil two: by its type, or by a member that all of them require, each with other constants.

For those, "exactly one" is "at least one", and the first that holds is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from gwc.jsonschema.constant import canonical
from gwc.jsonschema.types import ALL, type_of
from gwc.lowering.schema.place import Place, References
from gwc.lowering.schema.summaries import Summaries
from gwc.source.limits import MAX_REFERENCE_CHAIN

MAX_ALTERNATIVES = 100
"""Each is compared with each."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a schema says of its values unconditionally: `values`: the constants that they are among. `tags`: the constants of required members."""

    types: frozenset[str]
    values: frozenset[str] | None
    tags: Mapping[str, frozenset[str]]

    def is_apart(self, other: _Kind) -> bool:
        """Whether no value is of both."""
        common = self.types & other.types
        if not common or (self.values is not None and other.values is not None and self.values.isdisjoint(other.values)):
            return True
        return common == {"object"} and any(n in other.tags and v.isdisjoint(other.tags[n]) for n, v in self.tags.items())


class Apart:
    """Compares alternatives by their text."""

    def __init__(self, references: References, summaries: Summaries) -> None:
        self._references, self._summaries = references, summaries
        self._known: dict[Place, _Kind] = {}

    def are_apart(self, places: list[Place]) -> bool:
        """Whether no value fulfils two of the schemas."""
        if len(places) > MAX_ALTERNATIVES:
            return False
        kinds = [self._kind(p) for p in places]
        return all(one.is_apart(other) for one, other in combinations(kinds, 2))

    def _kind(self, place: Place) -> _Kind:
        if place not in self._known:
            parts = self._parts(place)
            types = ALL.intersection(*(_types(p.cursor.value) for p in parts))
            values = _common(_values(p.cursor.value) for p in parts)
            of_values = types if values is None else set(map(type_of, values))
            self._known[place] = _Kind(frozenset(types & of_values), values, self._tags(parts))
        return self._known[place]

    def _parts(self, place: Place) -> list[Place]:
        """The schemas in place without condition, that have a say: at most `MAX_REFERENCE_CHAIN`."""
        found, waiting = dict[Place, None](), [place]
        while waiting and len(found) < MAX_REFERENCE_CHAIN:
            here = waiting.pop()
            if here not in found:
                found[here] = None
                waiting += self._summaries.unconditional(here)
        return [p for p in found if not self._summaries.is_pure_reference(p.cursor.value)]

    def _tags(self, parts: list[Place]) -> dict[str, frozenset[str]]:
        objects = [p for p in parts if isinstance(p.cursor.value, dict)]
        required = {n for p in objects for n in p.cursor.value.get("required") or () if isinstance(n, str)}
        members = [(n, self._references.child(p, "properties", n)) for p in objects for n in required.intersection(_properties(p))]
        foreign = {n for n, member in members if self._summaries.is_foreign(member)}
        tags: dict[str, frozenset[str]] = {}
        for name, member in members:
            values = _common(_values(p.cursor.value) for p in self._parts(member))
            if values is not None and name not in foreign:
                tags[name] = values & tags.get(name, values)
        return tags


def _properties(place: Place) -> dict[str, Any]:
    properties = place.cursor.value.get("properties")
    return properties if isinstance(properties, dict) else {}


def _types(schema: Any) -> frozenset[str]:
    if not isinstance(schema, dict):
        return frozenset() if schema is False else frozenset(ALL)
    named = schema.get("type", list(ALL))
    types = set(named if isinstance(named, list) else [named])
    if schema.get("nullable") is True:
        types.add("null")
    return frozenset(types | {"integer"} if "number" in types else types)


def _values(schema: Any) -> frozenset[str] | None:
    """The constants of a schema; None: it has none, or such that are not exact."""
    if not isinstance(schema, dict):
        return None
    constants = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(constants, list):
        return None
    try:
        return frozenset(map(canonical, constants))
    except TypeError:
        return None


def _common(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    known = [s for s in sets if s is not None]
    return frozenset.intersection(*known) if known else None
