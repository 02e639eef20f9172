"""Which types a text may become at each place of a schema: `Shape`s out of check trees.

A place is a formula over the checks that say something about it. Where the schemas leave it open which of them applies, the types of all
of them are possible; what holds only under a condition on the value itself does not narrow them.
"""

from __future__ import annotations

from collections.abc import Callable

from gwc.controls.json_schema import ANY_SHAPE, Shape
from gwc.jsonschema.tree import (
    AnyOf,
    Apply,
    Call,
    Check,
    Enum,
    If,
    Items,
    JsonType,
    Members,
    Never,
    OneOf,
    Schema,
    Types,
    UnevaluatedProperties,
)
from gwc.jsonschema.types import ALL, type_of
from gwc.lowering.schema import GrowingTable
from gwc.lowering.validation.formula import ANYTHING, Formula, Formulas

_LAST = 50_000


class IntricateError(Exception):
    """More shapes than a gateway should hold."""


class Shapes:
    """Numbers for the shapes of all places of a gateway."""

    def __init__(self, table: GrowingTable) -> None:
        self._table = table
        self._formulas = Formulas()
        self._places: dict[int, tuple[Schema, Formula]] = {}  # by identity, which is kept
        self._types: dict[Formula, frozenset[JsonType]] = {}
        self._known_checks: dict[Formula, tuple[Check, ...]] = {}
        self._properties: dict[int, tuple[Members, dict[str, Schema]]] = {}  # by identity, which is kept
        self._numbers: dict[tuple[Formula, bool], int] = {}
        self._flat: dict[Shape, int] = {ANY_SHAPE: 0}
        self._shapes: list[Shape] = [ANY_SHAPE]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All shapes so far."""
        return tuple(self._shapes)

    # --- places ------------------------------------------------------------------------------------------------------------

    def place(self, schema: Schema) -> Formula:
        """What a schema says about the value that it judges."""
        if id(schema) not in self._places:
            self._places[id(schema)] = schema, self._formulas.all_of(map(self._of_check, schema.checks))
        return self._places[id(schema)][1]

    def _of_check(self, check: Check) -> Formula:
        if isinstance(check, Types | Enum | Never | Items | Members | UnevaluatedProperties):
            return self._formulas.of_check(check)
        if isinstance(check, Apply):
            return self.place(check.schema)
        if isinstance(check, Call):
            return self.place(self._table[check.number])
        if isinstance(check, AnyOf | OneOf):
            return self._formulas.any_of(map(self.place, check.schemas))
        if isinstance(check, If):
            return self._formulas.any_of((self.place(check.then), self.place(check.otherwise)))
        return ANYTHING

    def types(self, place: Formula) -> frozenset[JsonType]:
        """The types that are possible there; `number` comes with `integer`."""
        if place not in self._types:
            self._types[place] = self._possible_types(place)
        return self._types[place]

    def _possible_types(self, place: Formula) -> frozenset[JsonType]:
        word = self._formulas.word(place)
        if word == "check":
            return _types(self._formulas.check(place))
        below = [self.types(f) for f in self._formulas.parts(place)]
        return frozenset.intersection(ALL, *below) if word == "all" else frozenset[JsonType]().union(*below)

    def names(self, place: Formula) -> tuple[str, ...]:
        """The members that are declared, in the order of the document."""
        members = (c for c in self._checks(place) if isinstance(c, Members))
        return tuple(dict.fromkeys(n for m in members for n, _ in m.properties))

    def is_open(self, place: Formula) -> bool:
        """Whether members that are not declared are members all the same: a schema speaks of them, or none is declared."""
        checks = self._checks(place)
        members = [c for c in checks if isinstance(c, Members)]
        others = [s for c in checks if (s := _others(c)) is not None]
        takes_others = any(m.patterns for m in members) or any(self.types(self.place(s)) for s in others)
        return takes_others or not (others or any(m.properties for m in members))

    def _knows_others(self, place: Formula) -> bool:
        """Whether patterns or additionalProperties see all members that are not declared."""
        return any(isinstance(c, Members) and (c.patterns or c.additional is not None) for c in self._checks(place))

    def member(self, place: Formula, name: str) -> Formula:
        """What is said of a member that is declared."""
        return self._child(place, lambda check: self._member(check, name), "object")

    def rest(self, place: Formula) -> Formula:
        """What is said of members that no schema declares."""
        unevaluated = not self._knows_others(place)
        return self._child(place, lambda check: self._rest(check, unevaluated=unevaluated), "object")

    def items(self, place: Formula, index: int | None) -> Formula:
        """What is said of an item; None: of those behind every prefix."""
        return self._child(place, lambda check: self._item(check, index), "array")

    def _child(self, place: Formula, of_check: Callable[[Check], Formula], wanted: JsonType) -> Formula:
        """What is said of something inside of a value of the type."""
        if self._formulas.has_alternatives(place):
            return self._formulas.mapped(place, of_check, lambda p: wanted in self.types(p))
        return self._formulas.all_of(of_check(c) for c in self._checks(place) if not isinstance(c, Types))

    def _checks(self, place: Formula) -> tuple[Check, ...]:
        if place not in self._known_checks:
            self._known_checks[place] = tuple(self._formulas.checks(place))
        return self._known_checks[place]

    def _member(self, check: Check, name: str) -> Formula:
        if not isinstance(check, Members):
            return ANYTHING
        if id(check) not in self._properties:
            self._properties[id(check)] = check, dict(check.properties)
        found = self._properties[id(check)][1].get(name)
        return self._rest(check, unevaluated=False) if found is None else self.place(found)

    def _rest(self, check: Check, *, unevaluated: bool) -> Formula:
        if isinstance(check, UnevaluatedProperties) and unevaluated:
            return self.place(check.schema)
        if not isinstance(check, Members):
            return ANYTHING
        additional = ANYTHING if check.additional is None else self.place(check.additional)
        return self._formulas.any_of((*(self.place(s) for _, s in check.patterns), additional))

    def _item(self, check: Check, index: int | None) -> Formula:
        if not isinstance(check, Items):
            return ANYTHING
        if index is not None and index < len(check.prefix):
            return self.place(check.prefix[index])
        return ANYTHING if check.rest is None else self.place(check.rest)

    # --- numbers -----------------------------------------------------------------------------------------------------------

    def number(self, place: Formula, *, is_deep: bool) -> int:
        """The number of a place's shape. `is_deep`: with all that is below its members and items. Raises IntricateError."""
        if (place, is_deep) not in self._numbers:
            types = _spoken(self.types(place))
            if not {"array", "object"} & set(types) or self._says_nothing_below(place):
                return self._flat_number(types)
            number = self._numbers[place, is_deep] = self._reserve()
            self._shapes[number] = self._shape(place, types, is_deep=is_deep)
        return self._numbers[place, is_deep]

    def _says_nothing_below(self, place: Formula) -> bool:
        return not any(isinstance(c, Members | Items | UnevaluatedProperties) for c in self._checks(place))

    def _shape(self, place: Formula, types: tuple[JsonType, ...], *, is_deep: bool) -> Shape:
        def below(formula: Formula) -> int:
            return self.number(formula, is_deep=True) if is_deep else self._flat_number(_spoken(self.types(formula)))

        prefixes = [len(c.prefix) for c in self._checks(place) if isinstance(c, Items)] if "array" in types else []
        return Shape(
            types=types,
            prefix=tuple(below(self.items(place, i)) for i in range(max(prefixes, default=0))),
            items=below(self.items(place, None)) if "array" in types else 0,
            properties=tuple((n, below(self.member(place, n))) for n in self.names(place)) if "object" in types else (),
            additional=below(self.rest(place)) if "object" in types else 0,
        )

    def _flat_number(self, types: tuple[JsonType, ...]) -> int:
        shape = Shape(types=types)
        if shape not in self._flat:
            self._flat[shape] = self._reserve()
            self._shapes[self._flat[shape]] = shape
        return self._flat[shape]

    def _reserve(self) -> int:
        if len(self._shapes) > _LAST:
            raise IntricateError
        self._shapes.append(ANY_SHAPE)
        return len(self._shapes) - 1


def _others(check: Check) -> Schema | None:
    """What a check says of members that it does not name."""
    if isinstance(check, UnevaluatedProperties):
        return check.schema
    return check.additional if isinstance(check, Members) else None


def _types(check: Check) -> frozenset[JsonType]:
    if isinstance(check, Never):
        return frozenset()
    if isinstance(check, Types):
        types = frozenset(check.types)
    elif isinstance(check, Enum):
        types = frozenset(map(type_of, check.values))
    else:
        return ALL
    return types | {"integer"} if "number" in types else types


def _spoken(types: frozenset[JsonType]) -> tuple[JsonType, ...]:
    return tuple(sorted(types - {"integer"} if "number" in types else types))
