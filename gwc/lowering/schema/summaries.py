"""Reads from schemas what they say together about the members of their value, and where strict mode changes something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from gwc.diagnostics import Problems
from gwc.lowering.schema import codes
from gwc.lowering.schema.in_place import NO_OBJECTS, NOTHING_SAID, InPlace, both, either, under_condition
from gwc.lowering.schema.place import Place, References
from gwc.source.limits import MAX_REFERENCE_CHAIN
from gwc.source.text import problem

_DEEP = frozenset(
    {
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "then",
        "else",
        "not",
        "dependentSchemas",
        "dependencies",
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "items",
        "prefixItems",
        "additionalItems",
        "unevaluatedItems",
        "contains",
    }
)
"""Keywords of schemas that may describe members of their own: where several such schemas describe one member, none is closed."""
_SAYING = _DEEP | {"required"}
_ITEMS = ("items", "prefixItems", "additionalItems", "unevaluatedItems")

_WITHIN: dict[str, tuple[bool, Literal["one", "many"]]] = {
    **dict.fromkeys(("properties", "patternProperties", "prefixItems"), (True, "many")),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "items", "additionalItems", "unevaluatedItems"), (True, "one")),
    **dict.fromkeys(("anyOf", "oneOf", "dependentSchemas", "dependencies"), (False, "many")),
    **dict.fromkeys(("then", "else"), (False, "one")),
}
"""Where strict mode goes on inside of a schema: whether that is another value, and whether there may be many."""


class Summaries:
    """Reads `InPlace` from schemas, each place once."""

    def __init__(
        self,
        version: str,
        references: References,
        foreign: str,
        target: Callable[[Place, str], Place | None],
        complain: Callable[[Problems], None],
    ) -> None:
        """`foreign`: the keyword of members that the other direction has. `target`: follows a reference keyword; None: it leads nowhere."""
        self._version, self._references, self._foreign, self._target, self._complain = version, references, foreign, target, complain
        self._known: dict[Place, InPlace] = {}
        self._open: list[Place] = []
        self._foreign_known: dict[Place, bool] = {}
        self._differing: set[Place] = set()
        self._alike: set[Place] = set()

    def of(self, place: Place) -> InPlace:
        """What the schemas in place say. Those that refer to themselves in place are told of elsewhere: they say nothing here."""
        value = place.cursor.value
        if not isinstance(value, dict) or _SAYING.isdisjoint(value):
            return NOTHING_SAID if _takes_objects(value) else NO_OBJECTS
        known = self._known.get(place)
        if known is not None:
            return known
        if place in self._open:
            return NOTHING_SAID
        if len(self._open) > MAX_REFERENCE_CHAIN:
            self._complain(
                problem(codes.TOO_DEEP, f"more than {MAX_REFERENCE_CHAIN} schemas for one value, each in the other", place.cursor.span())
            )
            return NOTHING_SAID
        self._open.append(place)
        try:
            said = self._read(place)
        finally:
            self._open.pop()
        self._known[place] = said
        return said

    def is_foreign(self, place: Place) -> bool:
        """Whether a member with this schema belongs to the other direction."""
        if place not in self._foreign_known:
            self._foreign_known[place] = False  # for circles
            value = place.cursor.value
            marked = isinstance(value, dict) and value.get(self._foreign) is True and not self.is_pure_reference(value)
            self._foreign_known[place] = marked or any(map(self.is_foreign, self.unconditional(place)))
        return self._foreign_known[place]

    def differs_below(self, place: Place) -> bool:
        """Whether strict mode changes anything in the members or items of a value with this schema, wherever references lead."""
        value = place.cursor.value
        if not isinstance(value, dict) or _DEEP.isdisjoint(value) or place in self._alike:
            return False
        start = (place, False)
        stack, came_from = [start], {start: start}
        while stack:
            here = stack.pop()
            if here[0] in self._differing or (here[1] and self._is_changed_here(here[0])):
                while here != start:
                    here = came_from[here]
                    self._differing.add(here[0])
                self._differing.add(place)
                return True
            new = [below for below in self._below(here[0]) if below not in came_from] if here[0] not in self._alike else []
            came_from.update(dict.fromkeys(new, here))
            stack += new
        self._alike.update(p for p, _ in came_from)
        return False

    def _is_changed_here(self, place: Place) -> bool:
        said = self.of(place)
        return said.is_closed_here or said.closes_branches or self.is_foreign(place)

    def _below(self, place: Place) -> Iterator[tuple[Place, bool]]:
        """The schemas inside of a schema, and whether they are of other values: members or items."""
        value = place.cursor.value
        if not isinstance(value, dict):
            return
        for below in self.unconditional(place):
            yield below, False
        if self.is_pure_reference(value):
            return
        for keyword, (is_value, shape) in _WITHIN.items():
            held = value.get(keyword)
            steps = range(len(held)) if isinstance(held, list) else (held if isinstance(held, dict) else ()) if shape == "many" else None
            if steps is None:
                if isinstance(held, dict):
                    yield self._references.child(place, keyword), is_value
            else:
                for step in steps:
                    if isinstance(held[step], dict):  # type: ignore[index]
                        yield self._references.child(place, keyword, step), is_value

    def is_pure_reference(self, value: Any) -> bool:
        """Whether a schema is nothing but its `$ref`, whatever stands beside it."""
        return self._version == "3.0" and isinstance(value, dict) and isinstance(value.get("$ref"), str)

    def _read(self, place: Place) -> InPlace:
        value = place.cursor.value
        said = NOTHING_SAID if self.is_pure_reference(value) else self._own(place)
        for below in self.unconditional(place):
            said = both(said, self.of(below))
        if self.is_pure_reference(value):
            return said
        for keyword in ("anyOf", "oneOf"):
            branches = [self.of(p) for p in self._listed(place, keyword)]
            if branches:
                said = both(said, either(branches))
        for conditional in self._conditions(place):
            said = both(said, conditional)
        return said

    def _own(self, place: Place) -> InPlace:
        value = place.cursor.value
        properties = value.get("properties") if isinstance(value.get("properties"), dict) else None
        names = frozenset(properties or ())
        patterns = tuple(value.get("patternProperties") or ()) if isinstance(value.get("patternProperties"), dict) else ()
        deep_rest = any(_is_deep(v) for v in (value.get("patternProperties") or {}).values()) if patterns else False
        has_open_members = deep_rest and bool(len(patterns) > 1 or names)
        others = [value[k] for k in ("additionalProperties", "unevaluatedProperties") if k in value]
        required = value.get("required")
        return InPlace(
            names=names,
            all_names=names,
            patterns=patterns,
            declares=properties is not None and bool(names),
            gives=bool(others),
            deep=frozenset(n for n, v in (properties or {}).items() if _is_deep(v)),
            deep_rest=deep_rest or any(map(_is_deep, others)),
            deep_items=any(_is_deep_items(value.get(k)) for k in (*_ITEMS, "contains")),
            has_open_members=has_open_members,
            has_open_items=_is_deep(value.get("contains")) and any(_is_deep_items(value.get(k)) for k in _ITEMS),
            foreign=frozenset(n for n in names if self.is_foreign(self._references.child(place, "properties", n))),
            required=frozenset(n for n in required if isinstance(n, str)) if isinstance(required, list) else frozenset(),
            objects=_takes_objects(value),
        )

    def unconditional(self, place: Place) -> Iterator[Place]:
        """The schemas that a schema applies to its own value without condition."""
        value = place.cursor.value
        for keyword in ("$ref", "$dynamicRef") if self._version == "3.1" else ("$ref",):
            if isinstance(value, dict) and isinstance(value.get(keyword), str):
                target = self._target(place, keyword)
                if target is not None:
                    yield target
        if isinstance(value, dict) and not self.is_pure_reference(value):
            yield from self._listed(place, "allOf")

    def _conditions(self, place: Place) -> Iterator[InPlace]:
        value = place.cursor.value
        if self._version == "3.1" and "if" in value:
            yield under_condition(self.of(self._references.child(place, "if")))
            branches = [self.of(self._references.child(place, k)) for k in ("then", "else") if k in value]
            if branches:
                yield under_condition(either(branches))
        for keyword in ("dependentSchemas", "dependencies") if self._version == "3.1" else ("dependencies",):
            named = value.get(keyword)
            for name in named if isinstance(named, dict) else ():
                if isinstance(named[name], dict):
                    yield under_condition(self.of(self._references.child(place, keyword, name)))

    def _listed(self, place: Place, keyword: str) -> list[Place]:
        listed = place.cursor.value.get(keyword)
        return [self._references.child(place, keyword, i) for i in range(len(listed))] if isinstance(listed, list) else []


def _is_deep(value: Any) -> bool:
    return isinstance(value, dict) and not _DEEP.isdisjoint(value)


def _is_deep_items(value: Any) -> bool:
    return any(map(_is_deep, value)) if isinstance(value, list) else _is_deep(value)


def _takes_objects(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is not False
    types = value.get("type", "object")
    if "object" not in (types if isinstance(types, list) else [types]):
        return False
    constants = [value["const"]] if "const" in value else value.get("enum")
    return not isinstance(constants, list) or any(isinstance(c, dict) for c in constants)
