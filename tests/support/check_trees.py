"""Check trees and JSON texts by seeded chance: every kind of check, calls and cycles, names and numbers about which engines disagree."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal

from gwc.jsonschema import tree
from gwc.jsonschema.constant import canonical
from gwc.jsonschema.tree import ANYTHING, NOTHING, Check, Schema, Table

Pick = random.Random

_NAMES = ("a", "b", "kind", "x1", "", "0", "-1", "c/d", "e~f", "__proto__", "constructor", "é", "\U0001f600", 'q"\\', "[0]", "length", "\n")
_PATTERNS = ("^[a-c]", "x", "\\d$", "é|ü", "^$", "^.{2,3}$", "^(?!a)", "[^a-z]", "\\p{L}", "^a*b*$")
_STRINGS = (
    "",
    "a",
    "ab",
    "abc",
    "xyz",
    "é",
    "éé",
    "\U0001f600",
    "\U0001f600b",
    "x1",
    "cat",
    "dog",
    "1",
    "null",
    "\n",
    "a\u0000b",
    "ü5",
    "aaaaaaaa",
    "__proto__",
)
_NUMBERS = (
    "0", "-0", "0.0", "1", "1.0", "10e-1", "-1", "2", "3", "2.5", "0.1", "0.30000000000000004", "0.3", "7", "100", "1e2", "9007199254740992",
    "9007199254740993", "-9007199254740993", "9223372036854775807", "9223372036854775808", "12345678901234567890", "1e300", "-1e300", "1e-300",
    "1.0000000000000001", "123456789012345", "1234567890123456", "1234567890123456.5", "0.5", "1e20", "100000000000000000001", "1e308", "1e-308", "901e13", "-9010000000000000", "0.1000000000000000000000000000000000001", "-0.1",
)  # fmt: skip
_LIMITS = (
    *_NUMBERS,
    "1e400",
    "-1e400",
    "1e-400",
    "-1e-400",
    "1.7976931348623157e308",
    "-1.7976931348623157e308",
    "1e-309",
    "-0.1000000000000000000000000000000000001",
)
_DIVISORS = ("1", "2", "3", "0.1", "0.5", "2.5", "7", "0.01", "1e2", "1e-20", "1e20", "12345678901234", "0.3")
_VALUES = (
    None,
    True,
    False,
    0,
    1,
    Decimal("2.5"),
    Decimal("0.30000000000000004"),
    9007199254740993,
    "a",
    "cat",
    "",
    [],
    {},
    [1, "a"],
    {"a": 1, "b": [None]},
)
_TYPES: tuple[tree.JsonType, ...] = ("array", "boolean", "integer", "null", "number", "object", "string")


def table(pick: Pick) -> tuple[Table, tuple[Schema, ...]]:
    """A table, and roots that call it. No cycle stays at one place."""
    size = pick.randrange(4)
    made = tuple(_Trees(pick, size, at + 1).schema(3) for at in range(size))
    return made, tuple(_Trees(pick, size, 0).schema(3) for _ in range(2))


class _Trees:
    """Schemas. `first`: calls for the same value take this number of the table and later ones."""

    def __init__(self, pick: Pick, size: int, first: int) -> None:
        self.pick, self.size, self.first = pick, size, first

    def schema(self, depth: int) -> Schema:
        pick = self.pick
        if pick.random() < 0.08:
            return pick.choice((ANYTHING, NOTHING))
        makers = (*_LEAVES, *_BRANCHES) if depth > 0 else _LEAVES
        checks = [pick.choice(makers)(self, depth - 1) for _ in range(pick.choice((1, 1, 2, 2, 3, 4)))]
        if depth > 0 and pick.random() < 0.15:
            checks += self._unevaluated(depth - 1)
        return Schema(tuple(checks))

    def _unevaluated(self, depth: int) -> list[Check]:
        keyword = self.pick.choice(("additionalProperties", "unevaluatedProperties"))
        found: list[Check] = [tree.UnevaluatedProperties(self.inner(depth), keyword), tree.UnevaluatedItems(self.inner(depth))]
        return found if self.pick.random() < 0.3 else [self.pick.choice(found)]

    def inner(self, depth: int) -> Schema:
        """Of a member or item: everything may be called."""
        return _Trees(self.pick, self.size, 0).schema(depth)

    def names(self, most: int) -> tuple[str, ...]:
        return tuple(self.pick.sample(_NAMES, self.pick.randrange(1, most + 1)))


def _types(made: _Trees, _depth: int) -> Check:
    return tree.Types(tuple(sorted(made.pick.sample(_TYPES, made.pick.choice((1, 1, 2, 3))))))


def _enum(made: _Trees, _depth: int) -> Check:
    values = made.pick.sample(_VALUES, made.pick.choice((1, 2, 6)))
    return tree.Enum(made.pick.choice(("enum", "const")), tuple(dict.fromkeys(map(canonical, values))))


def _bound(made: _Trees, _depth: int) -> Check:
    keyword, comparison = made.pick.choice(
        (("minimum", ">="), ("maximum", "<="), ("exclusiveMinimum", ">"), ("exclusiveMaximum", "<"), ("format", "<="), ("format", ">="))
    )
    return tree.Bound(keyword, comparison, Decimal(made.pick.choice(_LIMITS)))


def _multiple(made: _Trees, _depth: int) -> Check:
    return tree.MultipleOf(Decimal(made.pick.choice(_DIVISORS)))


def _count(made: _Trees, _depth: int) -> Check:
    keyword = made.pick.choice(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"))
    return tree.Count(keyword, made.pick.randrange(4))


def _matches(made: _Trees, _depth: int) -> Check:
    return tree.Matches(made.pick.choice(("pattern", "format")), made.pick.choice(_PATTERNS))


def _required(made: _Trees, _depth: int) -> Check:
    return tree.Required(made.names(3))


def _dependent(made: _Trees, _depth: int) -> Check:
    return tree.DependentRequired(made.pick.choice(_NAMES[:4]), made.names(2))


def _known(made: _Trees, _depth: int) -> Check:
    patterns = tuple(made.pick.sample(_PATTERNS, made.pick.choice((0, 0, 1, 2))))
    return tree.Known(made.pick.choice(("additionalProperties", "unevaluatedProperties")), tuple(sorted(made.names(8))), patterns)


def _call(made: _Trees, depth: int) -> Check:
    if made.first >= made.size:
        return _types(made, depth)
    return tree.Call(made.pick.randrange(made.first, made.size))


def _items(made: _Trees, depth: int) -> Check:
    prefix = tuple(made.inner(depth) for _ in range(made.pick.choice((0, 0, 1, 2))))
    return tree.Items(prefix, made.pick.choice((None, made.inner(depth))))


def _contains(made: _Trees, depth: int) -> Check:
    minimum, maximum = made.pick.choice(((1, None), (0, None), (2, None), (1, 2), (0, 1)))
    return tree.Contains(made.inner(depth), minimum, maximum, made.pick.random() < 0.7)


def _members(made: _Trees, depth: int) -> Check:
    properties = tuple((name, made.inner(depth)) for name in made.names(4))
    patterns = tuple((p, made.inner(depth)) for p in made.pick.sample(_PATTERNS, made.pick.choice((0, 0, 1, 2))))
    return tree.Members(properties, patterns, made.pick.choice((None, None, NOTHING, made.inner(depth))))


def _alternatives(made: _Trees, depth: int) -> Check:
    schemas = tuple(made.schema(depth) for _ in range(made.pick.choice((1, 2, 3))))
    discriminator = None
    if made.pick.random() < 0.4:
        texts = made.pick.sample(("cat", "dog", "a", ""), made.pick.choice((1, 2)))
        discriminator = tree.Discriminator("kind", tuple(sorted((text, made.pick.randrange(len(schemas))) for text in texts)))
    if made.pick.random() < 0.5:
        return tree.OneOf(schemas, discriminator)
    return tree.AnyOf(schemas, discriminator, made.pick.choice(("anyOf", "oneOf")))


def _if(made: _Trees, depth: int) -> Check:
    return tree.If(made.schema(depth), made.schema(depth), made.schema(depth))


_Maker = Callable[[_Trees, int], Check]
_LEAVES: tuple[_Maker, ...] = (
    _types, _types, _enum, _bound, _multiple, _count, _matches, _required, _dependent, _known, _call, lambda _m, _d: tree.UniqueItems(),
)  # fmt: skip
_BRANCHES: tuple[_Maker, ...] = (
    _items, _contains, _members, _members, _members, _alternatives, _alternatives, _if, lambda m, d: tree.PropertyNames(m.inner(d)),
    lambda m, d: tree.Apply(m.schema(d)), lambda m, d: tree.Not(m.schema(d)),
    lambda m, d: tree.DependentSchema(m.pick.choice(_NAMES[:4]), m.schema(d)),
)  # fmt: skip


def text_for(pick: Pick, schema: Schema, calls: Table, depth: int = 4) -> str:
    """A JSON text, often near to what the schema takes."""
    if depth == 0 or pick.random() < 0.15:
        return any_text(pick, min(depth, 2))
    wanted = [c for c in schema.checks if not isinstance(c, tree.Never)]
    check = pick.choice(wanted) if wanted else None
    match check:
        case tree.Enum():
            return pick.choice(check.values)
        case tree.Call():
            return text_for(pick, calls[check.number], calls, depth - 1)
        case tree.Apply() | tree.DependentSchema():
            return text_for(pick, check.schema, calls, depth - 1)
        case tree.AnyOf() | tree.OneOf():
            return text_for(pick, pick.choice(check.schemas), calls, depth - 1)
        case tree.If():
            return text_for(pick, pick.choice((check.condition, check.then, check.otherwise)), calls, depth - 1)
        case _:
            return _structure(pick, schema, calls, depth)


def _structure(pick: Pick, schema: Schema, calls: Table, depth: int) -> str:
    for check in pick.sample(schema.checks, len(schema.checks)):
        match check:
            case tree.Members():
                return _object_for(pick, schema, check, calls, depth)
            case tree.Required() | tree.Known():
                return _object_for(pick, schema, tree.Members(()), calls, depth)
            case tree.Items():
                schemas = [*check.prefix, *[check.rest or ANYTHING] * pick.randrange(3)]
                return _array(text_for(pick, s, calls, depth - 1) for s in schemas[: pick.randrange(1, 6)])
            case tree.Contains():
                return _array(text_for(pick, pick.choice((check.schema, ANYTHING)), calls, depth - 1) for _ in range(pick.randrange(4)))
            case tree.Types():
                return _of_type(pick, pick.choice(check.types), depth)
            case _:
                pass
    return any_text(pick, depth)


def _object_for(pick: Pick, schema: Schema, members: tree.Members, calls: Table, depth: int) -> str:
    texts = {name: text_for(pick, s, calls, depth - 1) for name, s in members.properties if pick.random() < 0.8}
    for check in schema.checks:
        if isinstance(check, tree.Required):
            texts |= {name: any_text(pick, 1) for name in check.names if name not in texts and pick.random() < 0.9}
    for _, s in members.patterns:
        texts.setdefault(pick.choice(_NAMES), text_for(pick, s, calls, depth - 1))
    if pick.random() < 0.3:
        texts.setdefault(pick.choice(_NAMES), text_for(pick, members.additional or ANYTHING, calls, depth - 1))
    return _object(texts)


def any_text(pick: Pick, depth: int) -> str:
    """Any JSON text."""
    return _of_type(pick, pick.choice(_TYPES if depth > 0 else ("boolean", "null", "number", "string", "integer")), depth)


def _of_type(pick: Pick, kind: str, depth: int) -> str:
    match kind:
        case "null":
            return "null"
        case "boolean":
            return pick.choice(("true", "false"))
        case "string":
            return json.dumps(pick.choice(_STRINGS), ensure_ascii=pick.random() < 0.5)
        case "array":
            return _array(any_text(pick, depth - 1) for _ in range(pick.randrange(4)))
        case "object":
            texts = {name: any_text(pick, depth - 1) for name in pick.sample(_NAMES, pick.randrange(4))}
            return _object({**texts, "kind": json.dumps(pick.choice(("cat", "dog", "a")))} if pick.random() < 0.3 else texts)
        case _:
            return pick.choice(_NUMBERS)


def _array(texts: object) -> str:
    return f"[{','.join(texts)}]"  # type: ignore[arg-type]


def _object(texts: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items()) + "}"
