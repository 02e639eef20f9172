"""Strict mode: members that nothing in place describes are refused, and nothing is accepted that the document refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from gwc.lowering.schema.place import References
from gwc.lowering.schema.summaries import Summaries
from gwc.source.cursor import Cursor
from gwc.source.document import Document
from tests.jsonschema.given import built, value_of
from tests.jsonschema.test_random import build, told
from tests.support.schema_strategies import Case, random_case
from tests.support.schema_suite import text

OPEN = {"type": "object", "properties": {"a": {}}}
NESTED = {"properties": {"n": {"properties": {"x": {}}}}}
PET = {"type": "object", "properties": {"kind": {}, "id": {}}, "required": ["kind"]}

EXAMPLES: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("an object with properties", OPEN, [{}, {"a": 1}], [{"b": 1}, {"a": 1, "b": 2}]),
    ("an object without", {"type": "object"}, [{"b": 1}], []),
    ("properties without type", {"properties": {"a": {}}}, [{"a": 1}, 5], [{"b": 1}]),
    ("no properties by name", {"properties": {}}, [{"b": 1}], []),
    ("additionalProperties decides", {**OPEN, "additionalProperties": True}, [{"b": 1}], []),
    ("additionalProperties with a schema", {**OPEN, "additionalProperties": {"type": "string"}}, [{"b": "s"}], [{"b": 1}]),
    ("patterns describe, too", {**OPEN, "patternProperties": {"^x-": {}}}, [{"x-b": 1}], [{"b": 1}]),
    ("members", NESTED, [{"n": {"x": 1}}, {"n": {}}], [{"n": {"y": 1}}, {"m": 1}]),
    ("items", {"type": "array", "items": OPEN}, [[{"a": 1}], []], [[{"b": 1}]]),
    ("members of free-form objects", {"additionalProperties": OPEN}, [{"any": {"a": 1}}], [{"any": {"b": 1}}]),
    ("allOf is one object", {"allOf": [OPEN, {"properties": {"b": {}}}]}, [{"a": 1, "b": 2}], [{"c": 1}]),
    (
        "a member described twice is open",
        {"allOf": [NESTED, {"properties": {"n": {"properties": {"y": {}}}}}]},
        [{"n": {"x": 1, "y": 2}}],
        [{"m": 1}],
    ),
    (
        "a member that is only narrowed is closed",
        {"allOf": [NESTED, {"properties": {"n": {"maxProperties": 1}}}]},
        [{"n": {"x": 1}}],
        [{"n": {"y": 2}}],
    ),
    ("anyOf may be mixed", {"anyOf": [OPEN, {"properties": {"b": {}}}]}, [{"a": 1, "b": 1}, {"b": 1}], [{"c": 1}]),
    ("what doesn't hold describes nothing", {"anyOf": [{**OPEN, "required": ["a"]}, {"properties": {"b": {}}}]}, [{"b": 1}], [{"c": 1}]),
    (
        "an alternative that decides itself",
        {"anyOf": [{**OPEN, "additionalProperties": False}, {"properties": {"b": {}}}]},
        [{"b": 1}],
        [{"c": 1}],
    ),
    (
        "a free-form alternative",
        {"anyOf": [{**OPEN, "required": ["a"]}, {"type": "object", "maxProperties": 1}]},
        [{"a": 1}, {"z": 1}],
        [{"a": 1, "z": 2}],
    ),
    (
        "narrowing alternatives are not free-form",
        {**OPEN, "anyOf": [{"required": ["a"]}, {"maxProperties": 0}]},
        [{"a": 1}, {}],
        [{"a": 1, "b": 1}],
    ),
    (
        "alternatives of an object that declares members",
        {**OPEN, "anyOf": [{"properties": {"b": {}}, "required": ["b"]}, {"required": ["a"]}]},
        [{"a": 1}, {"a": 1, "b": 1}, {"b": 1}],
        [{"a": 1, "c": 1}],
    ),
    (
        "oneOf",
        {"oneOf": [{**OPEN, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}]},
        [{"a": 1}, {"b": 1}],
        [{"a": 1, "z": 1}],
    ),
    ("closing makes no two into one", {"oneOf": [OPEN, {"properties": {"b": {}}}]}, [], [{"a": 1}, {"b": 1}, {}]),
    ("members of alternatives", {"oneOf": [{"type": "object", **NESTED}, {"type": "string"}]}, [{"n": {"x": 1}}, "s"], [{"n": {"y": 1}}]),
    ("not stays open", {"not": {**OPEN, "required": ["a"]}}, [{"b": 1}], [{"a": 1, "b": 1}]),
    (
        "if stays open",
        {**OPEN, "if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"properties": {"b": {}}, "required": ["b"]}},
        [{"a": 1, "b": 1}, {"a": 2}, {}],
        [{"a": 2, "b": 1}, {"a": 1}],
    ),
    ("dependent schemas", {**OPEN, "dependentSchemas": {"a": {"properties": {"b": {}}}}}, [{"a": 1, "b": 1}], [{"b": 1}, {"a": 1, "c": 1}]),
    ("contains stays open", {"contains": OPEN}, [[{"b": 1}]], []),
    ("unevaluatedProperties decides", {"allOf": [OPEN], "unevaluatedProperties": {"type": "string"}}, [{"a": 1, "b": "s"}], [{"b": 1}]),
    ("references", {"$ref": "#/components/schemas/Pet"}, [{"kind": 1}], [{"kind": 1, "z": 1}]),
    (
        "inheritance",
        {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"bark": {}}}]},
        [{"kind": 1, "bark": 1}],
        [{"kind": 1, "meow": 1}, {"bark": 1}],
    ),
    (
        "references with siblings",
        {"$ref": "#/components/schemas/Pet", "properties": {"bark": {}}},
        [{"kind": 1, "bark": 1}],
        [{"kind": 1, "z": 1}],
    ),
    ("recursion", {"$ref": "#/components/schemas/Tree"}, [{"children": [{"children": []}]}], [{"children": [{"z": 1}]}]),
]


@pytest.mark.parametrize(("name", "schema", "taken", "refused"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_closing(name, schema, taken, refused, tmp_path):
    components = {"Pet": PET, "Tree": {"properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}}}}
    strict = built(tmp_path, schema, closed=True, components=components)
    opened = built(tmp_path, schema, components=components)
    assert [v for v in taken if not strict.takes(v)] == []
    assert [v for v in refused if strict.takes(v)] == []
    assert [v for v in taken if not opened.takes(v)] == []


def test_the_failure_is_told_at_the_object(tmp_path):
    assert built(tmp_path, NESTED, closed=True).failures({"n": {"y": 1}}) == (("/n", "additionalProperties"),)
    assert built(tmp_path, {"anyOf": [OPEN, NESTED]}, closed=True).failures({"z": 1}) == (("", "additionalProperties"),)
    assert built(tmp_path, {"oneOf": [NESTED, {"type": "string"}]}, closed=True).failures({"n": {"y": 1}}) == (("", "oneOf"),)


def test_one_failure_for_alternatives_that_are_closed(tmp_path):
    components = {"A": NESTED, "B": {"properties": {"n": {"properties": {"y": {}}}}, "required": ["n"]}}
    schema: dict[str, Any] = {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}
    made = built(tmp_path, {**schema, "type": "object"}, components=components, closed=True)
    assert made.failures({"n": 5}) == (("", "oneOf"), ("", "additionalProperties"))  # both hold, so none describes `n`
    assert made.failures({"z": 5}) == (("", "additionalProperties"),)  # the first, not closed
    named = {**schema, "type": "object", "discriminator": {"propertyName": "kind"}}
    components = {
        n: {**s, "properties": {**s["properties"], "kind": {"type": "string"}}, "required": ["size"]} for n, s in components.items()
    }
    told = built(tmp_path, named, components=components, closed=True)
    assert told.failures({"kind": "A"})[0] == ("", "required")
    assert told.failures({"kind": "C"})[0] == ("", "oneOf")


def test_members_of_the_other_direction(tmp_path):
    schema = {"properties": {"id": {"type": "integer", "readOnly": True}, "name": {}}, "required": ["id", "name"]}
    strict, opened = built(tmp_path, schema, closed=True), built(tmp_path, schema)
    assert strict.takes({"name": 1})
    assert strict.failures({"name": 1, "id": 5}) == (("/id", "readOnly"),)
    assert opened.takes({"name": 1, "id": 5})
    assert opened.failures({"name": 1, "id": "x"}) == (("/id", "type"),)
    answer = built(tmp_path, schema, direction="response")
    assert answer.failures({"name": 1}) == (("", "required"),)
    secret = {"properties": {"password": {"writeOnly": True}}, "required": ["password"]}
    assert built(tmp_path, secret).failures({}) == (("", "required"),)
    assert built(tmp_path, secret, direction="response").takes({})


def test_required_and_read_only_may_stand_apart(tmp_path):
    base = {"properties": {"id": {"$ref": "#/components/schemas/Id"}}}
    components = {"Id": {"type": "integer", "readOnly": True}, "Base": base}
    schema = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["id", "b"], "properties": {"b": {}}}]}
    made = built(tmp_path, schema, closed=True, components=components)
    assert made.takes({"b": 1})
    assert made.failures({"b": 1, "id": 1}) == (("/id", "readOnly"),)
    assert made.failures({}) == (("", "required"),)


def _pairs(first: int, last: int, version: Any) -> Any:
    for seed in range(first, last):
        case = random_case(Random(seed), version, 10)
        yield seed, case


def _check_subset(first: int, last: int) -> int:
    refused = 0
    for version in ("3.0", "3.1"):
        for seed, case in _pairs(first, last, version):
            strict, opened = build(case, closed=True), build(case)
            for instance in case.instances:
                value = value_of(instance)
                refused += not strict.takes(value) and opened.takes(value)
                if strict.takes(value) and not opened.takes(value):
                    pytest.fail(f"seed {seed}: {told(case, [instance])}")
    return refused


def test_strict_takes_nothing_that_the_document_refuses():
    assert _check_subset(0, 200) > 10


@pytest.mark.long
def test_strict_takes_nothing_that_the_document_refuses_long():
    assert _check_subset(0, 4000) > 200


def _closed_oracle(case: Case) -> Any:
    schema = {
        "$ref": "#/x-root",
        "x-root": case.schema,
        "unevaluatedProperties": False,
        "components": {"schemas": case.components},
        "$defs": case.components,
    }
    validator = jsonschema_rs.Draft202012Validator(json.loads(text(schema), parse_float=Decimal))
    return lambda instance: validator.is_valid(json.loads(instance, parse_float=Decimal))


def _has_members_below(value: Any) -> bool:
    return any(isinstance(v, dict | list) and v for v in value.values())


def _check_sound(first: int, last: int) -> int:
    """The root alone, whose members have no members: there, strict is `unevaluatedProperties: false` of 2020-12 for objects that declare properties."""
    seen = 0
    for seed, case in _pairs(first, last, "3.1"):
        cursor = Cursor.root(Document("openapi.json", case.document, None))
        for step in ("paths", "/s", "post", "requestBody", "content", "application/json", "schema"):
            cursor = cursor.child(step)
        references = References("3.1")
        follow = lambda place, keyword, r=references: r.follow(place) if keyword == "$ref" else r.follow_dynamic(place)  # noqa: E731
        said = Summaries("3.1", references, "readOnly", follow, pytest.fail).of(references.enter(cursor, ()))
        values = [i for i in case.instances if isinstance(value_of(i), dict) and not _has_members_below(value_of(i))]
        if said.closes_branches or (said.has_free_branch and not said.names) or not values or not isinstance(case.schema, dict):
            continue
        strict = build(case, closed=True)
        oracle = _closed_oracle(case) if said.is_closed_here else case.oracle()
        wrong = [i for i in values if strict.takes(value_of(i)) != oracle(i)]
        if wrong:
            pytest.fail(f"seed {seed}: closed {said.is_closed_here} {told(case, wrong)}")
        seen += len(values) if said.is_closed_here else 0
    return seen


def test_strict_refuses_only_what_nothing_describes():
    assert _check_sound(0, 400) > 80


@pytest.mark.long
def test_strict_refuses_only_what_nothing_describes_long():
    assert _check_sound(0, 8000) > 2000
