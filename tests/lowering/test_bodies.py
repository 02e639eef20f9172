"""Media types and forms: what is taken, how it is read, and what can't be."""

from __future__ import annotations

from typing import Any

import pytest

from gwc.lowering.validation import codes
from tests.lowering.given import body, compiled, document, errors, gateway, rule

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
TEXT, OBJECT = {"type": "string"}, {"type": "object", "properties": {"a": {"type": "integer"}}}
FILE = {"type": "string", "format": "binary"}


@pytest.mark.parametrize(
    ("range_", "schema", "json", "form", "multipart", "opaque"),
    [
        ("application/json", OBJECT, True, False, False, False),
        ("application/problem+json", OBJECT, True, False, False, False),
        ("text/json", OBJECT, True, False, False, False),
        (FORM, OBJECT, False, True, False, False),
        (MULTIPART, OBJECT, False, False, True, False),
        ("application/octet-stream", FILE, False, False, False, True),
        ("text/plain", TEXT, False, False, False, True),
        ("image/*", FILE, True, False, False, True),  # image/x+json is JSON, if anybody has it
        ("*/*", OBJECT, True, True, True, False),
        ("*/*", {}, True, True, True, True),
        ("application/*", OBJECT, True, True, False, False),
    ],
)
def test_what_a_range_takes(tmp_path, range_, schema, json, form, multipart, opaque):
    (found,) = rule(tmp_path, body(range_, schema)).media_types
    assert (found.json is not None, found.form is not None, found.multipart is not None, found.opaque) == (json, form, multipart, opaque)


@pytest.mark.parametrize("schema", [OBJECT, {"type": "string", "maxLength": 3}, {"type": "string", "enum": ["a"]}])
def test_bytes_that_a_schema_can_t_be_asked_about(tmp_path, schema):
    found = errors(tmp_path, body("application/xml", schema))
    assert [f.code for f in found] == [codes.MEDIA_TYPE]
    assert "mediaTypes" in found[0].help


def test_the_way_out_is_a_restriction(tmp_path):
    api = document(requestBody={"content": {"application/xml": {"schema": OBJECT}, "application/json": {"schema": OBJECT}}})
    assert errors(tmp_path, api)
    found = gateway(tmp_path, api, validation={"request": {"mediaTypes": ["application/json"]}})
    assert found.operations[0].body.media_types == ("application/json",)
    assert [m.range for m in found.operations[0].validation.media_types] == ["application/json"]


def test_a_restriction_narrows_a_range(tmp_path):
    found = gateway(tmp_path, body("*/*", OBJECT), validation={"request": {"mediaTypes": ["application/json", "text/*"]}})
    assert found.operations[0].body.media_types == ("application/json", "text/*")


def test_nothing_is_left(tmp_path):
    found = errors(tmp_path, body("application/json", OBJECT), validation={"request": {"mediaTypes": ["image/png"]}})
    assert [f.code for f in found] == [codes.NO_MEDIA_TYPE]
    assert found[0].labels[1].span.path == "policy.gwc.yaml"


def test_two_keys_for_one_media_type(tmp_path):
    api = document(requestBody={"content": {"application/json": {"schema": OBJECT}, "application/json; v=2": {"schema": TEXT}}})
    assert [f.code for f in errors(tmp_path, api)] == [codes.MEDIA_TYPE]


def _fields(tmp_path, media_type: str, properties: dict[str, Any], encoding: dict[str, Any] | None = None, **more: Any):
    extra = {"encoding": encoding} if encoding else {}
    (found,) = rule(tmp_path, body(media_type, {"type": "object", "properties": properties, **more}, **extra)).media_types
    form = found.form or found.multipart
    assert form is not None
    return {f.name: f for f in form.fields}, form.rest


@pytest.mark.parametrize(
    ("schema", "encoding", "style", "explode", "kinds"),
    [
        (TEXT, None, "form", True, ("text",)),
        ({"type": "array", "items": TEXT}, None, "form", True, ("array",)),
        ({"type": "array", "items": TEXT}, {"style": "form", "explode": False}, "form", False, ("array",)),
        ({"type": "array", "items": TEXT}, {"style": "pipeDelimited"}, "pipeDelimited", False, ("array",)),
        (OBJECT, None, "json", True, ("object",)),
        ({"type": ["object", "null"]}, None, "json", True, ("text", "object")),
        ({"type": "array", "items": OBJECT}, None, "json", True, ("array",)),
        (OBJECT, {"style": "deepObject"}, "deepObject", False, ("object",)),
        (TEXT, {"contentType": "application/json"}, "json", True, ("text",)),
        (TEXT, {"contentType": "text/plain"}, "form", True, ("text",)),
    ],
)
def test_fields_of_urlencoded_forms(tmp_path, schema, encoding, style, explode, kinds):
    fields, _ = _fields(tmp_path, FORM, {"f": schema}, {"f": encoding} if encoding else None)
    reading = fields["f"].reading
    assert (reading.style, reading.explode, reading.kinds) == (style, explode, kinds)


@pytest.mark.parametrize(
    ("schema", "encoding", "why"),
    [
        (OBJECT, {"style": "form"}, "an exploded object has no name"),
        (TEXT, {"contentType": "application/xml"}, "neither JSON nor text"),
        ({"type": "array", "items": OBJECT}, {"style": "form"}, "an item of the array is an array or object"),
    ],
)
def test_fields_with_more_than_one_reading(tmp_path, schema, encoding, why):
    found = errors(tmp_path, body(FORM, {"type": "object", "properties": {"f": schema}}, encoding={"f": encoding}))
    assert [f.code for f in found] == [codes.FIELD]
    assert why in found[0].message


@pytest.mark.parametrize(
    ("schema", "encoding", "style", "kinds", "ranges"),
    [
        (FILE, None, "binary", ("text",), ()),
        ({}, None, "binary", ("text",), ()),
        ({"type": "array", "items": FILE}, None, "binary", ("array",), ()),
        (FILE, {"contentType": "image/png, image/jpeg"}, "binary", ("text",), ("image/png", "image/jpeg")),
        (TEXT, {"contentType": "image/png"}, "binary", ("text",), ("image/png",)),
        (TEXT, None, "form", ("text",), ()),
        (OBJECT, None, "json", ("object",), ()),
        (OBJECT, {"contentType": "application/json"}, "json", ("object",), ("application/json",)),
        ({"type": "string", "contentMediaType": "image/png"}, None, "binary", ("text",), ()),
        ({"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"}, None, "form", ("text",), ()),
    ],
)
def test_parts(tmp_path, schema, encoding, style, kinds, ranges):
    fields, _ = _fields(tmp_path, MULTIPART, {"f": schema}, {"f": encoding} if encoding else None)
    assert (fields["f"].reading.style, fields["f"].reading.kinds, fields["f"].media_types) == (style, kinds, ranges)


def test_a_file_behind_references(tmp_path):
    api = body(MULTIPART, {"allOf": [{"$ref": "#/components/schemas/Upload"}]})
    api["components"] = {
        "schemas": {"Upload": {"type": "object", "properties": {"f": {"$ref": "#/components/schemas/File"}}}, "File": FILE}
    }
    form = rule(tmp_path, api).media_types[0].multipart
    assert form is not None
    assert form.fields[0].reading.style == "binary"


def test_a_file_of_which_the_schema_asks_something(tmp_path):
    found = errors(tmp_path, body(MULTIPART, {"type": "object", "properties": {"f": {**FILE, "maxLength": 3}}}))
    assert [f.code for f in found] == [codes.FIELD]


@pytest.mark.parametrize(
    ("more", "media_type", "style", "kinds"),
    [
        ({}, FORM, "form", ("text", "array")),
        ({}, MULTIPART, "binary", ("text", "array")),
        ({"additionalProperties": {"type": "integer"}}, MULTIPART, "form", ("text",)),
        ({"additionalProperties": OBJECT}, FORM, "json", ("object",)),
    ],
)
def test_undeclared_fields(tmp_path, more, media_type, style, kinds):
    (found,) = rule(
        tmp_path, body(media_type, {"type": "object", "properties": {"f": TEXT}, **more}), validation={"request": {"body": "schema"}}
    ).media_types
    form = found.form or found.multipart
    assert form is not None
    assert (form.rest.reading.style, form.rest.reading.kinds) == (style, kinds)


def test_a_form_that_can_be_no_object(tmp_path):
    assert [f.code for f in errors(tmp_path, body(FORM, TEXT))] == [codes.FIELD]


def test_headers_of_parts_are_a_note(tmp_path):
    api = body(MULTIPART, {"type": "object", "properties": {"f": TEXT}}, encoding={"f": {"headers": {"X-A": {"schema": TEXT}}}})
    assert [d.severity for d in compiled(tmp_path, api).diagnostics if d.code == codes.NOT_LOOKED_AT] == ["note"]
