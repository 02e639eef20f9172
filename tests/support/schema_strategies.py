"""Random schemas of both dialects, and instances near the border of what they take; the oracle is jsonschema-rs with exact decimals.

`cases()` is a strategy for hypothesis; `random_case` takes any `random.Random`, for long runs by seed. Schemas refer to one another, also to
themselves through members and items, but never to themselves in place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Literal

import jsonschema_rs
from hypothesis import strategies as st

from tests.support.schema_suite import Number, text

Version = Literal["3.0", "3.1"]

NAMES = ("a", "b", "c", "foo", "x-1", "é", "0", "a/b~")
STRINGS = ("", "a", "b", "ab", "foo", "aaa", "é", "😀", "😀😀", "x-1", "0", "12", "null", "a b")
NUMBERS = (
    *("0", "1", "2", "3", "-1", "5", "10", "0.5", "1.5", "-2.5", "0.1", "0.3", "1.0", "1e2", "100", "-0", "2.50"),
    *("9007199254740992", "9007199254740993", "-9007199254740993", "0.30000000000000004", "12345678901234567890", "1e-7", "1e20"),
)
DIVISORS = ("1", "2", "3", "0.5", "0.1", "0.01", "1.5", "1e-7", "100", "7")
PATTERNS = ("^a", "b$", "^[a-z]+$", "^x-", "o", "^.{1,2}$", "^\\d+$", "é", "^$", "^(?:a|foo)$")
TYPES_30 = ("boolean", "integer", "number", "string", "array", "object")


@dataclass(frozen=True, slots=True)
class Case:
    """A schema with the components that it refers to, and JSON texts of instances."""

    version: Version
    schema: Any
    components: dict[str, Any]
    instances: tuple[str, ...]

    @property
    def document(self) -> str:
        """An OpenAPI document with the schema as the JSON body of `POST /s`, called `s`."""
        body = {"required": True, "content": {"application/json": {"schema": self.schema}}}
        operation = {"operationId": "s", "security": [], "requestBody": body, "responses": {"200": {"description": "fine"}}}
        version = {"3.0": "3.0.4", "3.1": "3.1.0"}[self.version]
        head = {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": {"/s": {"post": operation}}}
        return text({**head, "components": {"schemas": self.components}} if self.components else head)

    def oracle(self) -> Callable[[str], bool]:
        """Whether the schema takes a JSON text, by jsonschema-rs and the schema as it was written."""
        if not isinstance(self.schema, dict):
            return lambda _text: bool(self.schema)
        schema = {**self.schema, "components": {"schemas": self.components}, "$defs": self.components}
        if self.version == "3.0":
            validator: Any = jsonschema_rs.Draft4Validator(_decimals(_draft_4(schema)))
        else:
            validator = jsonschema_rs.Draft202012Validator(_decimals(schema))
        number = _whole if self.version == "3.0" else Decimal
        return lambda instance: bool(validator.is_valid(json.loads(instance, parse_float=number)))


def _decimals(schema: Any) -> Any:
    return json.loads(text(schema), parse_float=Decimal)


def _whole(digits: str) -> int | Decimal:
    """For draft 4, 1.0 is no integer; for gwc it always is."""
    value = Decimal(digits)
    return int(value) if value == value.to_integral_value() else value


def _draft_4(value: Any) -> Any:
    """What OpenAPI 3.0 means, in draft 4: `nullable` adds a type."""
    if isinstance(value, list):
        return [_draft_4(v) for v in value]
    if not isinstance(value, dict):
        return value
    result = {k: v if k in {"enum", "const"} else _draft_4(v) for k, v in value.items() if k != "nullable"}
    if value.get("nullable") is True and isinstance(value.get("type"), str):
        result["type"] = [value["type"], "null"]
    return result


def cases(version: Version | None = None, instances: int = 6, *, shrinks: bool = False) -> st.SearchStrategy[Case]:
    """Cases of one version, or of both. Those that shrink take ten times as long to make."""
    versions = st.sampled_from(["3.0", "3.1"]) if version is None else st.just(version)
    random = st.randoms(use_true_random=False) if shrinks else st.integers(0, 2**48).map(Random)
    return st.builds(random_case, random, versions, st.just(instances))


def random_case(random: Random, version: Version, instances: int = 6) -> Case:
    """One case."""
    made = _Schemas(random, version)
    components = {name: made.component(index) for index, name in enumerate(made.names)}
    schema = made.root()
    values = _Instances(random, components)
    return Case(version, schema, components, tuple(text(values.of(schema)) for _ in range(instances)))


class _Schemas:
    def __init__(self, random: Random, version: Version) -> None:
        self._random, self._is_31 = random, version == "3.1"
        self.names = [f"S{i}" for i in range(random.choice((0, 1, 2, 3)))]
        self._by_id = self._is_31 and bool(self.names) and random.random() < 0.25
        """Whether components have `$id`, which references use, and all have one `$dynamicAnchor`."""

    def root(self) -> Any:
        return self._schema(3, -1)

    def component(self, index: int) -> Any:
        made = self._schema(2, index)
        if not self._by_id:
            return made
        schema = made if isinstance(made, dict) else {"not": {}} if made is False else {}
        return {"$id": f"c{index}", "$dynamicAnchor": "node", **schema}

    def _schema(self, depth: int, index: int) -> Any:
        """A schema; what applies in place refers only to components after `index`."""
        random = self._random
        if self._is_31 and random.random() < 0.05:
            return random.random() < 0.6
        reference = self._reference(index) if random.random() < 0.2 else None
        if reference and (not self._is_31 or random.random() < 0.6):
            return reference
        schema: dict[str, Any] = dict(reference or {})
        makers = [self._number, self._string, self._array, self._object]
        chosen = random.choice(makers)
        if random.random() < 0.75:
            chosen(schema, depth, index)
        if random.random() < 0.15:
            random.choice(makers)(schema, depth, index)
        if random.random() < 0.1:
            self._constants(schema)
        if depth > 0 and random.random() < 0.4:
            self._composition(schema, depth - 1, index)
        if random.random() < 0.3:
            self._types(schema, chosen)
        return schema

    def _reference(self, index: int) -> dict[str, Any] | None:
        later = range(index + 1, len(self.names))
        if not later:
            return None
        target = self._random.choice(later)
        return {"$ref": f"c{target}" if self._by_id else f"#/components/schemas/{self.names[target]}"}

    def _below(self, depth: int) -> Any:
        """The schema of a member or item: it may refer to anything."""
        if self._by_id and self._random.random() < 0.2:
            return {"$dynamicRef": f"c{self._random.randrange(len(self.names))}#node"}
        if self.names and (depth <= 0 or self._random.random() < 0.2):
            return self._reference(-1)
        return self._schema(depth - 1, -1) if depth > 0 else self._leaf()

    def _leaf(self) -> Any:
        schema: dict[str, Any] = {}
        self._random.choice((self._number, self._string, lambda s, _d, _i: self._constants(s)))(schema, 0, len(self.names))
        return schema

    def _number_text(self) -> Number:
        return Number(self._random.choice(NUMBERS))

    def _some(self, *keywords: str) -> list[str]:
        return [k for k in keywords if self._random.random() < 0.35]

    def _types(self, schema: dict[str, Any], chosen: Any) -> None:
        random = self._random
        own = {self._number: ("number", "integer"), self._string: ("string",), self._array: ("array",), self._object: ("object",)}
        name = random.choice(own.get(chosen, TYPES_30)) if random.random() < 0.8 else random.choice(TYPES_30)
        if not self._is_31:
            schema["type"] = name
            if random.random() < 0.3:
                schema["nullable"] = random.random() < 0.8
        elif random.random() < 0.3:
            schema["type"] = list(dict.fromkeys([name, random.choice((*TYPES_30, "null"))]))
        else:
            schema["type"] = name

    def _constants(self, schema: dict[str, Any]) -> None:
        if self._is_31 and self._random.random() < 0.4:
            schema["const"] = self.value(2)
        else:
            schema["enum"] = _distinct([self.value(1) for _ in range(self._random.randint(1, 4))])

    def value(self, depth: int) -> Any:
        """Any small value."""
        random = self._random
        kind = random.randrange(6 if depth > 0 else 4)
        if kind == 4:
            return [self.value(depth - 1) for _ in range(random.randrange(3))]
        if kind == 5:
            return {random.choice(NAMES): self.value(depth - 1) for _ in range(random.randrange(3))}
        return (None, random.random() < 0.5, random.choice(STRINGS), self._number_text())[kind]

    def _number(self, schema: dict[str, Any], _depth: int, _index: int) -> None:
        random = self._random
        for low, high in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if random.random() < 0.35:
                schema[low] = self._number_text()
            if random.random() < 0.3:
                if self._is_31:
                    schema[high] = self._number_text()
                elif low in schema:
                    schema[high] = random.random() < 0.7
        if random.random() < 0.3:
            schema["multipleOf"] = Number(random.choice(DIVISORS))

    def _string(self, schema: dict[str, Any], _depth: int, _index: int) -> None:
        for keyword in self._some("minLength", "maxLength"):
            schema[keyword] = self._random.randrange(4)
        if self._random.random() < 0.4:
            schema["pattern"] = self._random.choice(PATTERNS)

    def _array(self, schema: dict[str, Any], depth: int, _index: int) -> None:
        for keyword in self._some("minItems", "maxItems"):
            schema[keyword] = self._random.randrange(4)
        if self._random.random() < 0.25:
            schema["uniqueItems"] = self._random.random() < 0.8
        if self._random.random() < 0.6:
            schema["items"] = self._below(depth)
        if self._is_31:
            self._array_31(schema, depth)
        elif self._random.random() < 0.2:
            schema["items"] = [self._below(depth) for _ in range(self._random.randint(1, 2))]
            if self._random.random() < 0.5:
                schema["additionalItems"] = self._random.choice((True, False, self._below(depth)))

    def _array_31(self, schema: dict[str, Any], depth: int) -> None:
        random = self._random
        if random.random() < 0.25:
            schema["prefixItems"] = [self._below(depth) for _ in range(random.randint(1, 2))]
        if random.random() < 0.25:
            schema["contains"] = self._below(depth)
            for keyword in self._some("minContains", "maxContains"):
                schema[keyword] = random.randrange(3)
        if random.random() < 0.15:
            schema["unevaluatedItems"] = random.choice((False, False, True, self._below(depth)))

    def _object(self, schema: dict[str, Any], depth: int, index: int) -> None:
        random = self._random
        if random.random() < 0.75:
            schema["properties"] = {name: self._below(depth) for name in random.sample(NAMES, random.randint(1, 3))}
        if random.random() < 0.4:
            schema["required"] = random.sample(NAMES, random.randint(1, 2))
        for keyword in self._some("minProperties", "maxProperties"):
            schema[keyword] = random.randrange(4)
        if random.random() < 0.2:
            schema["patternProperties"] = {p: self._below(depth) for p in random.sample(PATTERNS, random.randint(1, 2))}
        if random.random() < 0.35:
            schema["additionalProperties"] = random.choice((False, True, self._below(depth)))
        if self._is_31:
            self._object_31(schema, depth, index)
        elif random.random() < 0.15:
            schema["dependencies"] = {
                n: random.sample(NAMES, 1) if random.random() < 0.5 else self._object_part(depth, index) for n in random.sample(NAMES, 1)
            }

    def _object_part(self, depth: int, index: int) -> Any:
        made = self._schema(min(depth, 1), index)
        return made if isinstance(made, dict) else {}

    def _object_31(self, schema: dict[str, Any], depth: int, index: int) -> None:
        random = self._random
        if random.random() < 0.15:
            schema["dependentRequired"] = {n: random.sample(NAMES, random.randint(1, 2)) for n in random.sample(NAMES, 1)}
        if random.random() < 0.15:
            schema["dependentSchemas"] = {n: self._schema(min(depth - 1, 1), index) for n in random.sample(NAMES, 1)}
        if random.random() < 0.12:
            schema["propertyNames"] = self._leaf()
        if random.random() < 0.3:
            schema["unevaluatedProperties"] = random.choice((False, False, True, self._below(depth)))

    def _composition(self, schema: dict[str, Any], depth: int, index: int) -> None:
        random = self._random
        keyword = random.choice(("allOf", "anyOf", "oneOf", "not", "if" if self._is_31 else "allOf"))
        if keyword == "not":
            schema["not"] = self._schema(min(depth, 1), index)
        elif keyword == "if":
            for part in ("if", "then", "else"):
                if part == "if" or random.random() < 0.7:
                    schema[part] = self._schema(depth, index)
        else:
            schema[keyword] = [self._schema(depth, index) for _ in range(random.randint(1, 3))]
            if keyword != "allOf" and random.random() < 0.3:
                schema[keyword] = self._usual_alternatives(schema[keyword], depth)

    def _usual_alternatives(self, made: list[Any], depth: int) -> list[Any]:
        """As documents have them: something or null; objects that a member tells apart, or nearly."""
        random = self._random
        if random.random() < 0.4:
            null: Any = {"type": "null"} if self._is_31 else {"enum": [None]}
            return random.sample([made[0], null], 2)
        tags = random.sample(STRINGS, 2)
        alternatives: list[Any] = []
        for tag in tags:
            tagged: dict[str, Any] = {"type": "object", "properties": {"foo": {"enum": [tag]}}, "required": ["foo"]}
            if random.random() < 0.15:
                tagged = random.choice(
                    ({**tagged, "required": []}, {**tagged, "properties": {}}, {**tagged, "properties": {"foo": {"enum": tags}}})
                )
            tagged["properties"] = {**tagged["properties"], random.choice(NAMES[:3]): self._below(depth)}
            alternatives.append({k: v for k, v in tagged.items() if v != []})
        return alternatives


def _distinct(values: list[Any]) -> list[Any]:
    """`enum` wants distinct values; equal numbers may be spelled differently."""
    seen: dict[str, Any] = {}
    for value in values:
        seen.setdefault(repr(_decimals(value)), value)
    return list({repr(_plain(v)): v for v in seen.values()}.values())


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in sorted(value.items())} if isinstance(value, dict) else value


class _Instances:
    """Values that a schema nearly takes, or just so."""

    def __init__(self, random: Random, components: dict[str, Any]) -> None:
        self._random = random
        self._by_reference = {f"#/components/schemas/{n}": s for n, s in components.items()}
        self._by_reference |= {f"c{i}": s for i, s in enumerate(components.values())}
        self._any = _Schemas(random, "3.1")

    def of(self, schema: Any, depth: int = 4) -> Any:
        random = self._random
        if depth <= 0 or random.random() < 0.1:
            return self._any.value(min(depth, 1))
        parts = self._parts(schema, 4)
        fixed = [v for p in parts for v in (p.get("enum") or ([p["const"]] if "const" in p else []))]
        if fixed and random.random() < 0.8:
            return random.choice(fixed)
        kind = self._kind(parts)
        if kind in ("number", "integer"):
            return self._number(parts, kind)
        makers = {"string": self._string, "array": self._array, "object": self._object}
        return makers[kind](parts, depth) if kind in makers else self._any.value(0)

    def _parts(self, schema: Any, depth: int) -> list[dict[str, Any]]:
        """The schema and some of what applies in place with it."""
        if not isinstance(schema, dict) or depth <= 0:
            return []
        parts = [schema]
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                parts += self._parts(self._by_reference.get(schema[keyword].partition("#node")[0]), depth - 1)
        for keyword in ("allOf", "anyOf", "oneOf"):
            listed = schema.get(keyword, [])
            chosen = listed if keyword == "allOf" else [self._random.choice(listed)] if listed else []
            parts += [p for s in chosen for p in self._parts(s, depth - 1)]
        if "if" in schema:
            for keyword in self._random.choice((("if", "then"), ("else",))):
                parts += self._parts(schema.get(keyword), depth - 1)
        return parts

    def _kind(self, parts: list[dict[str, Any]]) -> str:
        random = self._random
        named = [t for p in parts if "type" in p for t in (p["type"] if isinstance(p["type"], list) else [p["type"]])]
        if named and random.random() < 0.9:
            return str(random.choice(named))
        hints = [kind for p in parts for kind, words in _HINTS.items() if not words.isdisjoint(p)]
        return random.choice(hints) if hints and random.random() < 0.85 else random.choice((*TYPES_30, "null"))

    def _number(self, parts: list[dict[str, Any]], kind: str) -> Number:
        random = self._random
        words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        near = [p[w] for p in parts for w in words if isinstance(p.get(w), Number)]
        if not near or random.random() < 0.2:
            return Number(random.choice(NUMBERS if kind == "number" else ("0", "1", "3", "5", "1.0", "1e2", "-1")))
        value = Decimal(random.choice(near)) * random.choice((1, 1, 1, 2, 3))
        # The oracle takes long fractions of numbers above 1, or by a whole divisor, for doubles.
        is_exact = abs(value) < 1 and not any("multipleOf" in p for p in parts)
        steps = ("0", "0", "1", "-1") if abs(value) > 2**53 else ("0", "0", "1", "-1", "0.1", "1e-17" if is_exact else "0.01")
        value += Decimal(random.choice(steps))
        return Number(random.choice((f"{value:f}", f"{value:e}", f"{value:f}")))

    def _size(self, parts: list[dict[str, Any]], low: str, high: str, default: int) -> int:
        limits = [p[w] for p in parts for w in (low, high) if w in p]
        wanted = self._random.choice(limits) if limits else default
        return max(0, wanted + self._random.choice((0, 0, 0, 1, -1)))

    def _string(self, parts: list[dict[str, Any]], _depth: int) -> str:
        random = self._random
        if random.random() < 0.5:
            return random.choice(STRINGS)
        length = self._size(parts, "minLength", "maxLength", 2)
        return "".join(random.choice("abo0é😀") for _ in range(length))

    def _array(self, parts: list[dict[str, Any]], depth: int) -> list[Any]:
        random = self._random
        length = self._size(parts, "minItems", "maxItems", random.randrange(4))
        items = [self.of(self._item(parts, i), depth - 1) for i in range(length)]
        if len(items) > 1 and random.random() < 0.1:
            items[-1] = items[0]
        return items

    def _item(self, parts: list[dict[str, Any]], index: int) -> Any:
        found: list[Any] = []
        for part in parts:
            prefix = part.get("prefixItems", part["items"] if isinstance(part.get("items"), list) else [])
            if index < len(prefix):
                found.append(prefix[index])
            else:
                found += [part[k] for k in ("items", "additionalItems", "contains", "unevaluatedItems") if isinstance(part.get(k), dict)]
        return self._random.choice(found) if found else True

    def _object(self, parts: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        random = self._random
        declared = {n: s for p in parts for n, s in p.get("properties", {}).items()}
        required = [n for p in parts for n in p.get("required", [])]
        names = [n for n in declared if random.random() < 0.6] + [n for n in required if random.random() < 0.9]
        wanted = self._size(parts, "minProperties", "maxProperties", len(set(names)))
        others = [n for n in NAMES if n not in names]
        while len(set(names)) < wanted and others and random.random() < 0.8:
            names.append(others.pop(random.randrange(len(others))))
        if random.random() < 0.15:
            names.append(random.choice((*NAMES, "new")))
        rest = [s for p in parts for s in (p.get("additionalProperties"), *p.get("patternProperties", {}).values()) if isinstance(s, dict)]
        return {n: self.of(declared.get(n) or (random.choice(rest) if rest else True), depth - 1) for n in dict.fromkeys(names)}


_HINTS = {
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "string": {"minLength", "maxLength", "pattern"},
    "array": {"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems", "unevaluatedItems"},
    "object": {
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "minProperties",
        "maxProperties",
        "unevaluatedProperties",
    },
}
