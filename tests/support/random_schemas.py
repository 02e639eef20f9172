"""Random schemas with instances that come near to them, as a function of a seed; what an independent validator says of each.

Only what the validator judges exactly is here: no `format`, and divisors that are doubles. References in the same place lead forward only, so
that no schema refers to itself for the same value; those from members and items lead anywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

import jsonschema_rs

from tests.support.schema_suite import Draft, Group, Instance

NAMES = ("a", "b", "c", "aa", "x-1", "é", "__proto__", "")
_PATTERNS = ("^a", "b$", "^[ab]+$", "^x-", "^.{2,3}$", "[^a]", "a|b", "^(ab)*$", "\\d", "é", "^\\s*$")
_STRINGS = ("", "a", "b", "ab", "aab", "é", "😀", "x-1", "1", "true", "abababab", " ", "a\nb", "A")
_NUMBERS = (0, 1, 2, 3, -1, -2, 10, 1.0, 0.5, 1.5, -0.0, 2.25, 1e2, 1e-7, 9007199254740992, 9007199254740993, 12345678901234567890)
_TYPES_31 = ("null", "boolean", "integer", "number", "string", "array", "object")
_TYPES_30 = ("boolean", "integer", "number", "string", "array", "object")
_DEFINITIONS = 3


def random_groups(draft: Draft, seed: int, schemas: int, instances: int) -> tuple[Group, ...]:
    """Groups as those of the suite: one schema each, with instances and the verdicts of the validator."""
    return tuple(_group(draft, seed, n, instances) for n in range(schemas))


def _group(draft: Draft, seed: int, number: int, instances: int) -> Group:
    random = Random(f"{draft}:{seed}:{number}")
    made = Maker(random, draft == "draft2020-12").document()
    validator = validator_of(draft, made)
    values = [near(made, made, random, 4) if random.random() < 0.75 else value(random, 3) for _ in range(instances)]
    tests = tuple(Instance(str(i), json.dumps(v, ensure_ascii=False), validator.is_valid(v)) for i, v in enumerate(values))
    place = f"random/{draft}/{number:04}.json"
    return Group(draft, "random", f"seed {seed}, {number}", json.dumps({"$ref": place}), ((place, json.dumps(made)),), tests)


def validator_of(draft: Draft, schema: Any) -> Any:
    """The independent validator. What OpenAPI 3.0 says otherwise than 2020-12 is told in the words of the latter (1.0 is an integer in both)."""
    words = schema if draft == "draft2020-12" else _in_2020_12(schema)
    return jsonschema_rs.Draft202012Validator(words, validate_formats=False, offline=True)


def _in_2020_12(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_in_2020_12(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    result = {k: v if k == "enum" else _in_2020_12(v) for k, v in schema.items()}
    if result.pop("nullable", None) is True and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    if isinstance(result.get("exclusiveMinimum"), bool) and result.pop("exclusiveMinimum"):
        result["exclusiveMinimum"] = result.pop("minimum")
    if "dependencies" in result and isinstance(schema["dependencies"], dict):
        ((name, other),) = result.pop("dependencies").items()
        result["dependentRequired" if isinstance(other, list) else "dependentSchemas"] = {name: other}
    return result


@dataclass
class Maker:
    """Makes schemas of one dialect: 2020-12, or that of OpenAPI 3.0."""

    random: Random
    is_31: bool

    def document(self) -> dict[str, Any]:
        """A schema with definitions that it may refer to."""
        root = self._schema(3, 0)
        while not isinstance(root, dict) or "$ref" in root:
            root = self._schema(3, 0)
        return {**root, self._definitions: {f"D{n}": self._object(2, n + 1) for n in range(_DEFINITIONS)}}

    @property
    def _definitions(self) -> str:
        return "$defs" if self.is_31 else "definitions"

    def _object(self, depth: int, forward: int) -> dict[str, Any]:
        found = self._schema(depth, forward)
        return found if isinstance(found, dict) else {"type": "object"}

    def _schema(self, depth: int, forward: int) -> Any:
        """A schema that refers in its own place to definitions from number `forward` on only."""
        random = self.random
        if self.is_31 and random.random() < 0.06:
            return random.random() < 0.7
        if forward < _DEFINITIONS and random.random() < 0.1:
            return {"$ref": self._reference(random.randrange(forward, _DEFINITIONS))}
        result: dict[str, Any] = {}
        if random.random() < 0.5:
            result |= self._type()
        for _ in range(random.randint(1, 3)):
            kinds = (self._number, self._string, self._array, self._members, self._members, self._composed, self._values)
            result |= random.choice(kinds)(depth, forward)
        return result

    def _inside(self, depth: int) -> Any:
        """The schema of a member or item."""
        if depth <= 0:
            return self._leaf()
        if self.random.random() < 0.15:
            return {"$ref": self._reference(self.random.randrange(_DEFINITIONS))}
        return self._schema(depth - 1, 0)

    def _leaf(self) -> Any:
        return self.random.choice(({}, self._type(), self._number(0, 0), self._string(0, 0), self._values(0, 0)))

    def _reference(self, number: int) -> str:
        return f"#/{self._definitions}/D{number}"

    def _type(self) -> dict[str, Any]:
        random = self.random
        if not self.is_31:
            return {"type": random.choice(_TYPES_30), **({"nullable": random.random() < 0.7} if random.random() < 0.4 else {})}
        return {"type": random.choice(_TYPES_31) if random.random() < 0.6 else sorted(random.sample(_TYPES_31, random.randint(2, 3)))}

    def _number(self, _: int, __: int) -> dict[str, Any]:
        random, found = self.random, {}
        if random.random() < 0.6:
            found["minimum"] = random.choice((0, 1, -1, 0.5, 2))
        if random.random() < 0.5:
            found["maximum"] = random.choice((2, 10, 1.5, 9007199254740992))
        if random.random() < 0.3:
            found["multipleOf"] = random.choice((1, 2, 3, 0.5, 0.25))
        if random.random() < 0.3:
            found |= (
                {"exclusiveMinimum": random.choice((0, 1))} if self.is_31 else {"minimum": 1, "exclusiveMinimum": random.random() < 0.7}
            )
        return found

    def _string(self, _: int, __: int) -> dict[str, Any]:
        random, found = self.random, {}
        if random.random() < 0.5:
            found["minLength"] = random.randint(0, 3)
        if random.random() < 0.5:
            found["maxLength"] = random.randint(1, 4)
        if random.random() < 0.5:
            found["pattern"] = random.choice(_PATTERNS)
        return found

    def _array(self, depth: int, _: int) -> dict[str, Any]:
        random, found = self.random, {}
        if not self.is_31 or random.random() < 0.6:
            found["items"] = self._inside(depth)
        if random.random() < 0.3:
            found["minItems"] = random.randint(0, 2)
        if random.random() < 0.3:
            found["maxItems"] = random.randint(1, 3)
        if random.random() < 0.3:
            found["uniqueItems"] = True
        return found | (self._array_31(depth) if self.is_31 else {})

    def _array_31(self, depth: int) -> dict[str, Any]:
        random, found = self.random, {}
        if random.random() < 0.3:
            found["prefixItems"] = [self._inside(depth) for _ in range(random.randint(1, 2))]
        if random.random() < 0.3:
            found["contains"] = self._inside(depth)
            if random.random() < 0.5:
                found["minContains"] = random.randint(0, 2)
            if random.random() < 0.5:
                found["maxContains"] = random.randint(1, 2)
        if random.random() < 0.25:
            found["unevaluatedItems"] = random.choice((False, self._inside(depth)))
        return found

    def _members(self, depth: int, _: int) -> dict[str, Any]:
        random, found = self.random, {}
        names = random.sample(NAMES, random.randint(1, 3))
        found["properties"] = {n: self._inside(depth) for n in names}
        if random.random() < 0.4:
            found["required"] = random.sample(NAMES[:4], random.randint(1, 2))
        if random.random() < 0.35:
            found["additionalProperties"] = random.choice((False, True, self._inside(depth)))
        if random.random() < 0.2:
            found["patternProperties"] = {random.choice(_PATTERNS): self._inside(depth)}
        if random.random() < 0.15:
            found["minProperties"] = random.randint(0, 2)
        if random.random() < 0.15:
            found["maxProperties"] = random.randint(1, 3)
        return found | (self._members_31(depth) if self.is_31 else self._dependencies(depth))

    def _members_31(self, depth: int) -> dict[str, Any]:
        random, found = self.random, {}
        if random.random() < 0.25:
            found["unevaluatedProperties"] = random.choice((False, self._inside(depth)))
        if random.random() < 0.15:
            found["propertyNames"] = self._string(0, 0)
        if random.random() < 0.15:
            found["dependentRequired"] = {random.choice(NAMES): random.sample(NAMES, 1)}
        if random.random() < 0.15:
            found["dependentSchemas"] = {random.choice(NAMES): self._schema(depth - 1, _DEFINITIONS) if depth > 0 else {"minProperties": 2}}
        return found

    def _dependencies(self, depth: int) -> dict[str, Any]:
        if self.random.random() > 0.15:
            return {}
        other = self.random.sample(NAMES, 1) if self.random.random() < 0.5 or depth <= 0 else self._object(depth - 1, _DEFINITIONS)
        return {"dependencies": {self.random.choice(NAMES): other}}

    def _composed(self, depth: int, forward: int) -> dict[str, Any]:
        random = self.random
        if depth <= 0:
            return {}
        word = random.choice(("allOf", "anyOf", "oneOf", "not", "if") if self.is_31 else ("allOf", "anyOf", "oneOf", "not"))
        if word == "not":
            return {"not": self._schema(depth - 1, forward)}
        if word == "if":
            return {w: self._schema(depth - 1, forward) for w in ("if", "then", "else") if w == "if" or random.random() < 0.7}
        return {word: [self._schema(depth - 1, forward) for _ in range(random.randint(1, 3))]}

    def _values(self, _: int, __: int) -> dict[str, Any]:
        values = [value(self.random, 1) for _ in range(self.random.randint(1, 3))]
        distinct = [v for i, v in enumerate(values) if v not in values[:i]]
        return {"const": values[0]} if self.is_31 and self.random.random() < 0.4 else {"enum": distinct}


def value(random: Random, depth: int) -> Any:
    """Any JSON value."""
    kind = random.randrange(7 if depth > 0 else 5)
    if kind == 5:
        return [value(random, depth - 1) for _ in range(random.randint(0, 3))]
    if kind == 6:
        return {n: value(random, depth - 1) for n in random.sample(NAMES, random.randint(0, 3))}
    return random.choice(
        (None, True, False, random.choice(_NUMBERS), random.choice(_STRINGS)) if kind < 2 else (_NUMBERS if kind < 4 else _STRINGS)
    )


def near(schema: Any, root: Any, random: Random, depth: int) -> Any:
    """A value that looks like one of the schema: it often holds, and often just does not."""
    if depth <= 0 or not isinstance(schema, dict) or random.random() < 0.08:
        return value(random, max(depth - 1, 0))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return near(root.get("$defs", root.get("definitions"))[name], root, random, depth - 1)
    for word in ("enum", "const"):
        if word in schema and random.random() < 0.8:
            return schema["const"] if word == "const" else random.choice(schema["enum"])
    inner = [s for word in ("allOf", "anyOf", "oneOf") for s in schema.get(word, ())] + [
        schema[w] for w in ("if", "then", "else", "not") if w in schema
    ]
    if inner and random.random() < 0.4:
        return _merged(near(random.choice(inner), root, random, depth - 1), _own(schema, root, random, depth))
    return _own(schema, root, random, depth)


def _merged(first: Any, second: Any) -> Any:
    return {**second, **first} if isinstance(first, dict) and isinstance(second, dict) else first


def _own(schema: dict[str, Any], root: Any, random: Random, depth: int) -> Any:
    types = schema.get("type", [])
    wanted = random.choice([types] if isinstance(types, str) else types or _TYPES_31)
    if not types and schema.keys() & {"properties", "required", "additionalProperties"}:
        wanted = "object"
    elif not types and schema.keys() & {"items", "prefixItems", "contains"}:
        wanted = "array"
    if wanted == "object":
        return _members_near(schema, root, random, depth)
    if wanted == "array":
        parts = [*schema.get("prefixItems", ()), *[schema.get("items", schema.get("contains", {}))] * random.randint(0, 3)]
        return [near(s, root, random, depth - 1) for s in parts[: random.randint(0, 4)]]
    return random.choice({"null": (None,), "boolean": (True, False), "string": _STRINGS}.get(wanted, _NUMBERS))


def _members_near(schema: dict[str, Any], root: Any, random: Random, depth: int) -> dict[str, Any]:
    found = {n: near(s, root, random, depth - 1) for n, s in schema.get("properties", {}).items() if random.random() < 0.8}
    for name in schema.get("required", ()):
        if random.random() < 0.85:
            found.setdefault(name, value(random, 1))
    if random.random() < 0.3:
        found[random.choice(NAMES)] = near(schema.get("additionalProperties", {}), root, random, depth - 1)
    return found
