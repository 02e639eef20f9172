"""Parameter Objects: how their texts are read, and which can't be read in exactly one way."""

from __future__ import annotations

from typing import Any

import pytest

from gwc.lowering.validation import codes
from tests.lowering.given import compiled, document, errors, gateway, query, rule

TEXT = {"type": "string"}
LIST = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}}
EITHER = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}


def _parameter(place: str, schema: Any, **more: Any) -> dict[str, Any]:
    path = "/things/{p}" if place == "path" else "/things"
    return document(path, method="get", parameters=[{"name": "p", "in": place, "required": True, "schema": schema, **more}])


@pytest.mark.parametrize(
    ("place", "schema", "more", "style", "explode", "kinds"),
    [
        ("query", TEXT, {}, "form", True, ("text",)),
        ("query", {}, {}, "form", True, ("text",)),
        ("query", LIST, {}, "form", True, ("array",)),
        ("query", LIST, {"explode": False}, "form", False, ("array",)),
        ("query", LIST, {"style": "spaceDelimited"}, "spaceDelimited", False, ("array",)),
        ("query", LIST, {"style": "pipeDelimited", "explode": True}, "pipeDelimited", True, ("array",)),
        ("query", OBJECT, {"style": "deepObject"}, "deepObject", False, ("object",)),
        ("query", EITHER, {}, "form", True, ("text", "array")),
        ("query", {"anyOf": [TEXT, OBJECT]}, {"style": "deepObject", "explode": True}, "deepObject", True, ("text", "object")),
        ("query", {"type": ["array", "null"], "items": TEXT}, {}, "form", True, ("array",)),
        ("path", TEXT, {}, "simple", False, ("text",)),
        ("path", LIST, {"style": "matrix", "explode": True}, "matrix", True, ("array",)),
        ("path", OBJECT, {"style": "label", "explode": True}, "label", True, ("object",)),
        ("header", OBJECT, {}, "simple", False, ("object",)),
        ("cookie", TEXT, {}, "form", True, ("text",)),
        ("cookie", LIST, {"explode": False}, "form", False, ("array",)),
    ],
)
def test_how_a_parameter_is_read(tmp_path, place, schema, more, style, explode, kinds):
    reading = rule(tmp_path, _parameter(place, schema, **more)).parameters[0].reading
    assert (reading.style, reading.explode, reading.kinds) == (style, explode, kinds)


@pytest.mark.parametrize(
    ("place", "schema", "more", "why"),
    [
        ("query", {"type": "array", "items": OBJECT}, {}, "an item of the array is an array or object"),
        ("query", {"type": "object", "properties": {"a": OBJECT}}, {}, "the member 'a' is an array or object"),
        ("query", {"type": ["array", "object"]}, {}, "can't tell arrays from objects"),
        ("query", OBJECT, {"style": "pipeDelimited", "explode": True}, "does not say how pipeDelimited explodes an object"),
        ("cookie", LIST, {}, "no cookie holds an exploded array"),
        ("path", {"anyOf": [TEXT, OBJECT]}, {"style": "label", "explode": True}, "a text or an exploded object"),
    ],
)
def test_what_has_more_than_one_reading_is_an_error(tmp_path, place, schema, more, why):
    found = errors(tmp_path, _parameter(place, schema, **more))
    assert [f.code for f in found] == [codes.STYLE]
    assert why in found[0].message
    assert found[0].help
    assert found[0].span.path == "openapi.json"


@pytest.mark.parametrize("name", ["Accept", "Content-Type", "authorization"])
def test_headers_that_openapi_ignores(tmp_path, name):
    api = document(method="get", parameters=[{"name": name, "in": "header", "required": True, "schema": {"type": "integer"}}])
    assert rule(tmp_path, api).parameters == ()


def test_headers_that_the_gateway_replaces_are_a_note(tmp_path):
    api = document(method="get", parameters=[{"name": "X-Forwarded-For", "in": "header", "schema": TEXT}])
    found = compiled(tmp_path, api)
    assert found.gateway.operations[0].validation.parameters == ()
    assert [d.severity for d in found.diagnostics if d.code == codes.HEADER] == ["note"]


def test_a_required_header_that_gateways_refuse_is_an_error(tmp_path):
    name = {"name": "api_key", "in": "header", "schema": TEXT}
    assert [f.code for f in errors(tmp_path, document(method="get", parameters=[{**name, "required": True}]))] == [codes.HEADER]
    assert rule(tmp_path, document(method="get", parameters=[name])).parameters == ()


def test_parameters_that_share_a_segment(tmp_path):
    shared = [{"name": n, "in": "path", "required": True, "schema": {"type": "integer"}} for n in ("a", "b")]
    found = rule(tmp_path, document("/from/x{a}-{b}.json", method="get", parameters=shared)).parameters
    assert [(p.place.index, p.place.literals, p.place.number) for p in found] == [(1, ("x", "-", ".json"), 0), (1, ("x", "-", ".json"), 1)]
    texts = [{**p, "schema": TEXT} for p in shared]
    assert rule(tmp_path, document("/from/{a}-{b}", method="get", parameters=texts)).parameters == ()


def test_the_place_of_a_path_parameter_is_that_of_its_own_path(tmp_path):
    """Two paths that differ in names only are one route; each operation has its own names."""
    api = document("/things/{p}.json", method="get", parameters=[{"name": "p", "in": "path", "required": True, "schema": TEXT}])
    other = document("/things/{q}.json", method="put", parameters=[{"name": "q", "in": "path", "required": True, "schema": TEXT}])
    other["paths"]["/things/{q}.json"]["put"]["operationId"] = "other"
    api["paths"] |= other["paths"]
    found = gateway(tmp_path, api, authorization={"public": ["asked", "other"]})
    places = {p.name: p.place for o in found.operations for p in o.validation.parameters}
    assert places["p"] == places["q"]
    assert (places["p"].index, places["p"].literals, places["p"].number) == (1, ("", ".json"), 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"application/xml": {"schema": TEXT}}, "no text of type application/xml"),
        ({"text/plain": {"schema": LIST}}, "text/plain has no arrays"),
    ],
)
def test_content_that_can_t_be_read(tmp_path, content, why):
    found = errors(tmp_path, document(method="get", parameters=[{"name": "p", "in": "query", "content": content}]))
    assert [f.code for f in found] == [codes.CONTENT]
    assert why in found[0].message


def test_content_of_json(tmp_path):
    content = {"application/json": {"schema": OBJECT}}
    found = rule(tmp_path, document(method="get", parameters=[{"name": "p", "in": "query", "content": content}]))
    assert found.parameters[0].reading.style == "json"


def test_only_matrix_parameters_let_semicolons_in(tmp_path):
    assert gateway(tmp_path, _parameter("path", TEXT, style="matrix")).canonical_path.matrix
    assert not gateway(tmp_path, _parameter("path", TEXT, style="label")).canonical_path.matrix
    off = {"request": {"parameters": "off"}}
    assert not gateway(tmp_path, _parameter("path", TEXT, style="matrix"), validation=off).canonical_path.matrix


@pytest.mark.parametrize(
    ("schema", "takes_rest"),
    [
        ({"type": "object", "properties": {"a": TEXT}}, False),
        ({"type": "object"}, True),
        ({"type": "object", "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT}, True),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": TEXT}, "patternProperties": {"^x-": TEXT}}, True),
        ({"type": "object", "properties": {"a": TEXT}, "unevaluatedProperties": TEXT}, True),
    ],
)
def test_an_open_exploded_object_takes_the_rest_of_the_query(tmp_path, schema, takes_rest):
    assert rule(tmp_path, query(schema)).parameters[0].takes_rest == takes_rest


def test_parameters_are_in_the_order_of_evaluation(tmp_path):
    places = [("b", "query"), ("h", "header"), ("c", "cookie"), ("p", "path"), ("a", "query"), ("B", "query")]
    api = document("/x/{p}", method="get", parameters=[{"name": n, "in": p, "required": p == "path", "schema": TEXT} for n, p in places])
    assert [p.name for p in rule(tmp_path, api).parameters] == ["p", "B", "a", "b", "h", "c"]


def test_a_shared_parameter_is_reported_once(tmp_path):
    shared = {"name": "p", "in": "query", "schema": {"type": "array", "items": OBJECT}}
    api = document(method="get", parameters=[{"$ref": "#/components/parameters/P"}])
    api["paths"]["/other"] = {"get": {**api["paths"]["/things"]["get"], "operationId": "other"}}
    api["components"] = {"parameters": {"P": shared}}
    assert len(errors(tmp_path, api, authorization={"public": ["asked", "other"]})) == 1
