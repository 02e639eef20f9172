"""Shapes: the types of texts, over everything that a schema is put together from, in bounded time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gwc.controls.json_schema import ANY_SHAPE
from tests.lowering.given import body, compiled, errors, gateway, query

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def _shape(tmp_path, schema: Any) -> Any:
    """The shape of a deepObject parameter, as types at each place."""
    found = gateway(tmp_path, query(schema, style="deepObject"), validation={"request": {"parameters": "schema"}})
    shapes = found.json_schema.shapes

    def told(number: int, depth: int = 0) -> Any:
        here = shapes[number]
        below = {name: told(n, depth + 1) for name, n in here.properties} if depth < 3 else {}
        more = {"*": told(here.additional, depth + 1)} if here.additional and depth < 3 else {}
        items = {"[]": told(here.items, depth + 1)} if here.items and depth < 3 else {}
        first = {str(i): told(n, depth + 1) for i, n in enumerate(here.prefix)} if depth < 3 else {}
        nested = {**below, **more, **items, **first}
        types = "any" if here.types == ANY_SHAPE.types else " ".join(here.types)
        return (types, nested) if nested else types

    return told(found.operations[0].validation.parameters[0].reading.shape)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "object", "properties": {"a": INTEGER, "b": {}}}, ("object", {"a": "integer", "b": "any"})),
        ({"type": "object", "additionalProperties": INTEGER}, ("object", {"*": "integer"})),
        ({"type": "object", "patternProperties": {"^n": INTEGER}, "additionalProperties": STRING}, ("object", {"*": "integer string"})),
        ({"type": "object", "properties": {"a": STRING}, "unevaluatedProperties": INTEGER}, ("object", {"a": "string", "*": "integer"})),
        ({"allOf": [{"properties": {"a": {}}}, {"type": "object", "properties": {"a": INTEGER}}]}, ("object", {"a": "integer"})),
        (
            {"type": "object", "properties": {"a": {"type": "number"}}, "allOf": [{"properties": {"a": INTEGER}}]},
            ("object", {"a": "integer"}),
        ),
        ({"anyOf": [STRING, {"type": "object", "properties": {"a": INTEGER}}]}, ("object string", {"a": "integer"})),
        (
            {
                "oneOf": [
                    {"type": "object", "properties": {"a": INTEGER}},
                    {"type": "object", "properties": {"a": STRING}, "additionalProperties": False},
                ]
            },
            ("object", {"a": "integer string"}),
        ),
        ({"anyOf": [{"properties": {"a": INTEGER}}, {"properties": {"a": STRING}}]}, ("any", {"a": "integer string"})),
        ({"type": "object", "properties": {"l": {"type": "array", "items": INTEGER}}}, ("object", {"l": ("array", {"[]": "integer"})})),
        (
            {"type": "object", "properties": {"l": {"type": "array", "prefixItems": [STRING], "items": INTEGER}}},
            ("object", {"l": ("array", {"[]": "integer", "0": "string"})}),
        ),
        ({"type": "object", "properties": {"a": {"enum": ["x", 1, None]}}}, ("object", {"a": "integer null string"})),
        ({"type": "object", "properties": {"a": {"const": 1.5}}}, ("object", {"a": "number"})),
        (
            {"type": "object", "if": {"required": ["b"]}, "then": {"properties": {"a": INTEGER}}, "else": {"properties": {"a": STRING}}},
            ("object", {"a": "integer string"}),
        ),
    ],
)
def test_the_types_of_a_place(tmp_path, schema, told):
    assert _shape(tmp_path, schema) == told


def test_a_schema_in_itself(tmp_path):
    api = query({"$ref": "#/components/schemas/Node"}, style="deepObject")
    api["components"] = {
        "schemas": {"Node": {"type": "object", "properties": {"n": INTEGER, "next": {"$ref": "#/components/schemas/Node"}}}}
    }
    shapes = gateway(tmp_path, api).json_schema.shapes
    own = next(i for i, s in enumerate(shapes) if s.properties)
    assert dict(shapes[own].properties)["next"] == own


def _ladder(steps: int) -> dict[str, Any]:
    """Every step refers to the next one twice."""

    def ref(i: int) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/A{i}"}

    schemas: dict[str, Any] = {
        f"A{i}": {"anyOf": [ref(i + 1), {"allOf": [ref(i + 1), {"minLength": i, "type": ["object", "string"]}]}]} for i in range(steps)
    }
    return {**schemas, f"A{steps}": {"type": "object", "properties": {"a": STRING}}}


@pytest.mark.parametrize("place", ["query", "form", "multipart", "text"])
def test_ways_that_meet_again_cost_nothing(tmp_path, place):
    top = {"$ref": "#/components/schemas/A0"}
    forms = {"form": "application/x-www-form-urlencoded", "multipart": "multipart/form-data"}
    if place == "query":
        api = query(top, style="deepObject")
    else:
        api = body("text/plain", top) if place == "text" else body(forms[place], {"type": "object", "properties": {"f": top}})
    api["components"] = {"schemas": _ladder(40)}
    start = time.process_time()
    if place == "text":
        assert errors(tmp_path, api)
    else:
        compiled(tmp_path, api)
    assert time.process_time() - start < 5, "without memory it takes days"


def test_alternatives_in_alternatives_cost_what_they_are(tmp_path):
    """Strict mode asks for each alternative several times."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": STRING}}
    for _ in range(8):
        schema = {"oneOf": [schema, {"not": schema}]}
    start = time.process_time()
    compiled(tmp_path, body("application/json", schema))
    assert time.process_time() - start < 10
