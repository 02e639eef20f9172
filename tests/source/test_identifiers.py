"""Schemas of OpenAPI 3.1 with names of their own: found in their document, never fetched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gwc.source import Cursor, Workspace
from gwc.source.uri import resolve_uri
from tests.source.given import accepted, load, minimal, refused

# RFC 3986, 5.4
BASE = "http://a/b/c/d;p?q"
RESOLVED = {
    "g:h": "g:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g", "//g": "http://g", "?y": "http://a/b/c/d;p?y",
    "g?y": "http://a/b/c/g?y", ";x": "http://a/b/c/;x", "g;x": "http://a/b/c/g;x", "g;x?y": "http://a/b/c/g;x?y", "": "http://a/b/c/d;p?q",
    ".": "http://a/b/c/", "./": "http://a/b/c/", "..": "http://a/b/", "../": "http://a/b/", "../g": "http://a/b/g", "../..": "http://a/",
    "../../": "http://a/", "../../g": "http://a/g", "../../../g": "http://a/g", "../../../../g": "http://a/g", "/./g": "http://a/g", "/../g": "http://a/g",
    "g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g", "g..": "http://a/b/c/g..", "..g": "http://a/b/c/..g", "./../g": "http://a/b/g", "./g/.": "http://a/b/c/g/",
    "g/./h": "http://a/b/c/g/h", "g/../h": "http://a/b/c/h", "g;x=1/./y": "http://a/b/c/g;x=1/y", "g;x=1/../y": "http://a/b/c/y", "g?y/../x": "http://a/b/c/g?y/../x",
}  # fmt: skip


@pytest.mark.parametrize(("reference", "expected"), RESOLVED.items())
def test_references_are_resolved_as_the_standard_says(reference, expected):
    assert resolve_uri(BASE, reference) == expected


def test_bases_without_hierarchy():
    assert resolve_uri("urn:uuid:1", "") == "urn:uuid:1"
    assert resolve_uri("urn:uuid:1", "HTTP://x/y") == "http://x/y"
    assert resolve_uri("http://host", "x") == "http://host/x"


SCHEMAS: dict[str, Any] = {
    "Item": {"$id": "https://example.com/schemas/item", "type": "string", "$defs": {"part": {"$anchor": "part", "type": "integer"}}},
    "Named": {"$anchor": "named", "type": "boolean"},
    "Relative": {
        "$id": "schemas/relative",
        "properties": {"self": {"$ref": "#"}, "other": {"$ref": "other.json"}, "sibling": {"$ref": "sibling"}},
    },
    "Sibling": {"$id": "schemas/sibling", "type": "null"},
    "Urn": {"$id": "urn:uuid:deadbeef-1234-0000-0000-4321feebdaed", "type": "array"},
}
FOUND = [
    ("https://example.com/schemas/item", "Item", ()),
    ("https://example.com/schemas/item#", "Item", ()),
    ("https://example.com/schemas/item#part", "Item", ("$defs", "part")),
    ("https://example.com/schemas/item#/$defs/part", "Item", ("$defs", "part")),
    ("https://example.com/schemas/../schemas/item", "Item", ()),
    ("#named", "Named", ()),
    ("#/components/schemas/Named", "Named", ()),
    ("openapi.json#named", "Named", ()),
    ("schemas/relative", "Relative", ()),
    ("urn:uuid:deadbeef-1234-0000-0000-4321feebdaed", "Urn", ()),
]


def _document(reference: str, **schemas: Any) -> dict[str, Any]:
    return minimal("3.1.0", components={"schemas": {**SCHEMAS, **schemas, "Here": {"$ref": reference}}})


@pytest.mark.parametrize(("reference", "name", "below"), FOUND)
def test_bundled_schemas_are_found_by_name(reference, name, below, tmp_path):
    api = accepted(tmp_path, _document(reference), schemas__other_json="{}")
    here = api.cursor.child("components").child("schemas").child("Here")
    assert here.target(names=True).pointer == ("components", "schemas", name, *below)


def test_references_inside_are_relative_to_the_identifier(tmp_path):
    api = accepted(tmp_path, _document("#named"), schemas__other_json='{"type": "string"}')
    properties = api.cursor.child("components").child("schemas").child("Relative").child("properties")
    assert properties.child("self").target(names=True).pointer == ("components", "schemas", "Relative")
    assert properties.child("sibling").target(names=True).pointer == ("components", "schemas", "Sibling")
    other = properties.child("other").target(names=True)
    assert (other.document.path, other.value) == ("schemas/other.json", {"type": "string"})


REFUSED = [
    ("https://example.com/schemas/other", "GWC010"),
    ("https://example.com/schemas/item#nothing", "GWC011"),
    ("https://example.com/schemas/item#/nothing", "GWC011"),
    ("https://example.com/schemas/item#/a~2", "GWC012"),
    ("https://example.com/schemas/item#%zz", "GWC012"),
    ("//example.com/schemas/item", "GWC010"),
    ("urn:uuid:deadbeef-1234-0000-0000-4321feebdaee", "GWC010"),
    ("#nothing", "GWC011"),
    ("../x.json", "GWC010"),
    ("schemas/nothing.json", "GWC001"),
    ("schemas/other.json#nothing", "GWC011"),
]


@pytest.mark.parametrize(("reference", "code"), REFUSED)
def test_what_is_not_bundled_is_refused(reference, code, tmp_path):
    assert refused(tmp_path, _document(reference), schemas__other_json="{}") == [(code, f'"{reference}"')]


@pytest.mark.parametrize(("reference", "code"), [("https://example.com/nothing", "GWC010"), ("#nothing", "GWC011")])
def test_dynamic_references_are_looked_at_too(reference, code, tmp_path):
    document = minimal("3.1.0", components={"schemas": {**SCHEMAS, "Here": {"$dynamicRef": reference}}})
    assert refused(tmp_path, document, schemas__other_json="{}") == [(code, f'"{reference}"')]


def test_anchors_without_any_identifier(tmp_path):
    schemas = {"A": {"$anchor": "a"}, "B": {"$ref": "#a"}, "C": {"$ref": "other.json#b"}}
    accepted(tmp_path, minimal("3.1.0", components={"schemas": schemas}), other_json='{"Holder": {"$anchor": "b", "type": "string"}}')


def test_one_name_for_two_schemas_is_refused(tmp_path):
    twice = minimal("3.1.0", components={"schemas": {"A": {"$id": "x"}, "B": {"$id": "./x"}, "C": {"$anchor": "c"}, "D": {"$anchor": "c"}}})
    assert refused(tmp_path, twice) == [("GWC822", '"./x"'), ("GWC822", '"c"')]


def test_names_in_data_name_nothing(tmp_path):
    data = {"$id": "https://example.com/data", "$anchor": "data"}
    schema = {"enum": [data], "const": data, "default": data, "examples": [data], "x-unknown": data, "unknown": {"deep": data}}
    assert refused(tmp_path, minimal("3.1.0", components={"schemas": {"A": schema, "B": {"$ref": "#data"}}})) == [("GWC011", '"#data"')]


def test_openapi_3_0_has_no_names(tmp_path):
    schemas = {"A": {"x-a": {"$id": "https://example.com/a", "$anchor": "a"}}, "B": {"$ref": "#a"}}
    assert refused(tmp_path, minimal("3.0.4", components={"schemas": schemas})) == [("GWC012", '"#a"')]
    (tmp_path / "a.json").write_text(json.dumps({"$id": "https://example.com/a/b", "properties": {"c": {"$ref": "c.json"}}}))
    (tmp_path / "c.json").write_text("{}")
    cursor = Cursor.root(Workspace(tmp_path).load("a.json")).child("properties").child("c")
    assert cursor.target().document.path == "c.json"


def test_an_escaped_keyword_is_still_one(tmp_path):
    text = '{"openapi": "3.1.0", "A": {"\\u0024anchor": "a"}}'
    (tmp_path / "a.json").write_text(text.replace('"A": {', '"components": {"schemas": {"A": {')[:-1] + "}}}")
    document = Workspace(tmp_path).load("a.json")
    assert document.identifiers.anchors == {((), "a"): ("components", "schemas", "A")}


def test_older_words_of_3_0_are_warned_of(tmp_path):
    schema = {"patternProperties": {"^a": {"type": "string"}}, "dependencies": {"a": ["b"]}, "items": [{}], "additionalItems": False}
    _, found = load(tmp_path, minimal("3.0.4", components={"schemas": {"A": schema}}))
    assert [(d.code, d.severity) for d in found] == [("GWC821", "warning")] * 4
    assert refused(tmp_path, minimal("3.0.4", components={"schemas": {"A": {"dependencies": {"a": [5]}}}}))[0][0] == "GWC802"
