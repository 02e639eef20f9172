"""Version, references and structure of a document."""

from __future__ import annotations

import gc
import json

import pytest

from gwc.diagnostics import Findings
from gwc.source.openapi import load_openapi
from tests.source.given import accepted, load, minimal, operation, path_parameter, refused, underlined, warned, workspace

VERSIONS = ("3.0.3", "3.1.0")
both = pytest.mark.parametrize("version", VERSIONS)


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", "3.1.0", "3.1.1", "3.0.0-rc1"])
def test_versions_that_are_read(tmp_path, version):
    assert accepted(tmp_path, minimal(version)).version == version[:3]


@pytest.mark.parametrize("version", ["2.0", "3.2.0", "4.0.0", "3.0", "3.1", "3.0.x", "", " 3.0.3", "3.0.3\n", 3.0, 3, None, ["3.0.3"]])
def test_versions_that_are_not(tmp_path, version):
    (found,) = refused(tmp_path, minimal(version))
    assert found[0] == "GWC801"


def test_swagger_and_other_documents_are_named(tmp_path):
    assert refused(tmp_path, {"swagger": "2.0", "info": {}})[0] == ("GWC801", '"swagger"')
    assert refused(tmp_path, {"kind": "Policy"})[0][0] == "GWC801"
    space = workspace(tmp_path, list_yaml="- openapi: 3.0.3")
    findings = Findings()
    assert load_openapi(space, "list.yaml", findings) is None
    assert [d.code for d in findings.diagnostics] == ["GWC801"]


def test_a_missing_file_is_a_finding(tmp_path):
    findings = Findings()
    assert load_openapi(workspace(tmp_path), "no.yaml", findings) is None
    assert [d.code for d in findings.diagnostics] == ["GWC001"]


def with_schema(version, schema):
    return minimal(version, components={"schemas": {"A": schema}})


@both
@pytest.mark.parametrize(
    ("schema", "mark"),
    [
        ({"type": "strnig"}, '"strnig"'),
        ({"minLength": -1}, "-1"),
        ({"minLength": 1.5}, "1.5"),
        ({"maximum": "5"}, '"5"'),
        ({"required": "a"}, '"a"'),
        ({"properties": {"a": {"items": {"minItems": -2}}}}, "-2"),
        ({"allOf": [{"type": "object"}, {"pattern": 1}]}, "1"),
        ({"enum": "a"}, '"a"'),
    ],
)
def test_schemas_are_checked_at_any_depth(tmp_path, version, schema, mark):
    assert ("GWC802", mark) in refused(tmp_path, with_schema(version, schema))


@both
def test_the_nearest_schemas_are_fine(tmp_path, version):
    schema = {
        "type": "string",
        "minLength": 0,
        "properties": {"a": {"items": {"minItems": 2}, "type": "array"}},
        "required": ["a"],
        "maximum": 5,
    }
    accepted(tmp_path, with_schema(version, schema))


@both
@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"paths": {"/a": {"GET": operation()}}}, '"GET"'),
        ({"paths": {"/a": {"purge": operation()}}}, '"purge"'),
        ({"paths": {"a": {}}}, '"a"'),
        ({"security": None}, "null"),
        ({"security": "jwt"}, '"jwt"'),
        ({"security": [["jwt"]]}, "["),
        ({"security": [{"jwt": None}]}, "null"),
        ({"info": {"title": "t"}}, '"info"'),
        ({"servers": {"url": "/"}}, "{"),
        ({"nonsense": 1}, '"nonsense"'),
        ({"paths": {"/a": {"get": operation(parameters=[{"name": "x", "in": "boody", "schema": {}}])}}}, '"boody"'),
        ({"components": {"securitySchemes": {"k": {"type": "apiKey", "in": "header"}}}}, '"k"'),
        ({"components": {"schemas": {"a b": {}}}}, '"a b"'),
    ],
)
def test_structure_is_checked(tmp_path, version, change, mark):
    found = refused(tmp_path, minimal(version, **change))
    assert "GWC802" in {code for code, _ in found}
    assert mark in {text for _, text in found}


def test_bounds_of_31_are_explained(tmp_path):
    _, found = load(tmp_path, with_schema("3.1.0", {"minimum": 0, "exclusiveMinimum": True}))
    assert "instead of" in found[0].help
    accepted(tmp_path, with_schema("3.0.3", {"minimum": 0, "exclusiveMinimum": True}))


@both
def test_messages_hold_names_but_no_values(tmp_path, version):
    secret = "s3cret" * 5
    change = {"info": {"title": {secret: secret}, "version": secret}, "security": secret, "tags": [{"nam": secret}]}
    _, found = load(tmp_path, minimal(version, **change))
    assert len(found) >= 3
    assert secret not in "".join(d.message + d.help for d in found)


@both
def test_many_faults_are_counted(tmp_path, version):
    _, found = load(tmp_path, minimal(version, components={"schemas": {f"A{i}": {"minLength": -1} for i in range(150)}}))
    assert len(found) == 101
    assert any("50 more" in d.message for d in found)


@both
def test_deep_schemas_with_a_fault_at_the_end_take_no_time(tmp_path, version):
    schema = {"minLength": -1}
    for _ in range(40):
        schema = {"anyOf": [schema]}
    assert ("GWC802", "-1") in refused(tmp_path, with_schema(version, schema))


@both
def test_huge_numbers_break_nothing(tmp_path, version):
    accepted(tmp_path, with_schema(version, {"maximum": 10**300, "default": -(10**200), "multipleOf": 1e-300}))


# References


def body(schema):
    return operation(requestBody={"content": {"application/json": {"schema": schema}}})


@both
@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("http://127.0.0.1:1/x", "GWC010"),
        ("/etc/passwd", "GWC010"),
        ("../x.json", "GWC010"),
        ("#/components/schemas/Nope", "GWC011"),
        ("#/paths/0", "GWC011"),
        ("no.yaml", "GWC001"),
        (".", "GWC001"),
        ("", "GWC012"),
    ],
)
def test_bad_references_are_refused_where_they_stand(tmp_path, version, reference, code):
    found = refused(tmp_path, minimal(version, paths={"/a": {"post": body({"$ref": reference})}}))
    assert found == [(code, json.dumps(reference))]


@both
def test_a_reference_must_be_text(tmp_path, version):
    assert "GWC012" in dict(refused(tmp_path, with_schema(version, {"$ref": 42})))


@both
@pytest.mark.parametrize(
    "document",
    [
        {"paths": {"/a": {"$ref": "http://127.0.0.1:1/x"}}},
        {
            "components": {
                "schemas": {
                    "A": {
                        "oneOf": [{"$ref": "#/components/schemas/A"}],
                        "discriminator": {"propertyName": "t", "mapping": {"a": "http://127.0.0.1:1/x"}},
                    }
                }
            }
        },
        {"components": {"responses": {"A": {"description": "d", "headers": {"X": {"$ref": "http://127.0.0.1:1/x"}}}}}},
        {"components": {"callbacks": {"A": {"{$url}": {"post": body({"$ref": "http://127.0.0.1:1/x"})}}}}},
    ],
)
def test_references_are_found_everywhere(tmp_path, version, document):
    assert ("GWC010", '"http://127.0.0.1:1/x"') in refused(tmp_path, minimal(version, **document))


@both
def test_a_reference_in_data_is_data(tmp_path, version):
    remote = {"$ref": "http://127.0.0.1:1/x"}
    schema = {"type": "object", "default": remote, "enum": [remote], "x-a": remote, "properties": {"a": {"example": remote}}}
    paths = {"/a": {"x-b": remote, "post": {**body({}), "x-c": [remote]}}}
    document = minimal(version, paths=paths, components={"schemas": {"A": schema}})
    document["components"]["schemas"]["$ref"] = {"type": "string"}  # a schema named so
    del document["components"]["schemas"]["$ref"]
    document["components"]["examples"] = {"E": {"value": remote}}
    accepted(tmp_path, document)


@both
def test_a_property_may_be_named_like_the_keyword(tmp_path, version):
    accepted(tmp_path, with_schema(version, {"type": "object", "properties": {"$ref": {"type": "string"}}}))


@both
def test_schemas_may_refer_to_each_other_in_circles(tmp_path, version):
    schemas = {
        "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"items": {"$ref": "#/components/schemas/A"}, "type": "array"},
    }
    accepted(tmp_path, minimal(version, components={"schemas": schemas}))


@both
def test_references_that_only_lead_to_each_other_mean_nothing(tmp_path, version):
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    found = refused(tmp_path, minimal(version, components={"schemas": schemas}))
    assert [code for code, _ in found] == ["GWC012"]


@both
def test_chains_are_bounded(tmp_path, version):
    def chain(length):
        schemas = {f"S{i}": {"$ref": f"#/components/schemas/S{i + 1}"} for i in range(length)} | {f"S{length}": {"type": "string"}}
        return minimal(version, components={"schemas": schemas})

    accepted(tmp_path, chain(100))
    assert [code for code, _ in refused(tmp_path, chain(5000))] == ["GWC005"]


def test_siblings_of_a_reference_count_in_31_only(tmp_path):
    schemas = {"A": {"$ref": "#/components/schemas/B", "properties": {"x": {"$ref": "#/nope"}}}, "B": {}}
    accepted(tmp_path, minimal("3.0.3", components={"schemas": schemas}))
    assert refused(tmp_path, minimal("3.1.0", components={"schemas": schemas})) == [("GWC011", '"#/nope"')]


@both
def test_operations_beside_the_reference_of_a_path_item_are_refused(tmp_path, version):
    item = {"get": operation()}
    paths = {"/a": {"$ref": "item.json", "summary": "s"}}
    assert accepted(tmp_path, minimal(version, paths=paths), item_json=json.dumps(item)).operations[0].method == "GET"
    paths["/a"]["post"] = operation()
    assert refused(tmp_path, minimal(version, paths=paths), item_json=json.dumps(item))[0] == ("GWC012", '"post"')


# Several files


@both
def test_parts_of_other_files_are_checked_too(tmp_path, version):
    paths = {"/a": {"$ref": "item.json"}}
    item = {"post": body({"$ref": "schemas.json#/A"})}
    schemas = {"A": {"properties": {"x": {"minLength": -1}}}, "B": {"minLength": -2}}
    space = {"item_json": json.dumps(item), "schemas_json": json.dumps(schemas)}
    assert refused(tmp_path, minimal(version, paths=paths), **space) == [("GWC802", "-1")]
    item["post"]["respones"] = {}
    space["item_json"] = json.dumps(item)
    assert ("GWC802", '"respones"') in refused(tmp_path, minimal(version, paths=paths), **space)


@both
def test_a_reference_must_lead_to_its_kind(tmp_path, version):
    responses = {"200": {"$ref": "#/components/schemas/A"}}
    document = minimal(version, paths={"/a": {"get": {"responses": responses}}}, components={"schemas": {"A": {"type": "string"}}})
    assert "GWC802" in {code for code, _ in refused(tmp_path, document)}


@both
def test_misplaced_references_are_read_and_warned_of_once_a_file(tmp_path, version):
    one = {**operation(operationId="one"), "description": {"$ref": "texts.yaml#/one"}}
    paths = {"/a": {"get": {"$ref": "one.json"}, "put": {"$ref": "two.json"}}}
    files = {"one_json": json.dumps(one), "two_json": json.dumps(operation()), "texts_yaml": "one: text"}
    api, found = load(tmp_path, minimal(version, paths=paths), **files)
    assert api is not None
    assert [(d.code, d.severity, d.span.path) for d in found] == [("GWC803", "warning", "one.json"), ("GWC803", "warning", "openapi.json")]
    assert [(o.method, o.operation_id, o.cursor.document.path) for o in api.operations] == [
        ("GET", "one", "one.json"),
        ("PUT", None, "two.json"),
    ]
    files["two_json"] = json.dumps({"responses": {}, "x": 1})
    assert ("GWC802", '"x"') in refused(tmp_path, minimal(version, paths=paths), **files)


def test_misplaced_references_can_not_explode(tmp_path):
    def document(count, width, last):
        schemas = {f"S{i}": {"properties": {"$ref": f"#/x-maps/{i}"}} for i in range(1)}
        maps = [{f"p{k}": {"properties": {"$ref": f"#/x-maps/{i + 1}"}} for k in range(width)} for i in range(count)]
        return minimal("3.1.0", components={"schemas": schemas}, **{"x-maps": [*maps, last]})

    assert [c for c, _ in warned(tmp_path, document(20, 1, {"a": {"minLength": 1}}))] == ["GWC803"]
    assert ("GWC802", "-1") in refused(tmp_path, document(20, 1, {"a": {"minLength": -1}}))
    assert [c for c, _ in refused(tmp_path, document(2000, 1, {}))] == ["GWC005"]
    assert [c for c, _ in refused(tmp_path, document(40, 2, {}))] == ["GWC005"]


def test_a_broken_file_is_reported_at_its_own_place(tmp_path):
    _, found = load(tmp_path, minimal(paths={"/a": {"$ref": "item.yaml"}}), item_yaml="get: [")
    assert [(d.code, d.span.path) for d in found] == [("GWC003", "item.yaml")]


# Dialects and lint


@pytest.mark.parametrize("dialect", ["https://json-schema.org/draft/2020-12/schema", "https://spec.openapis.org/oas/3.1/dialect/base"])
def test_known_dialects(tmp_path, dialect):
    schema = {"$schema": dialect}
    accepted(tmp_path, minimal("3.1.0", jsonSchemaDialect=dialect, components={"schemas": {"A": schema}}))


def test_other_dialects_are_refused_not_fetched(tmp_path):
    remote = "http://127.0.0.1:1/x"
    assert refused(tmp_path, minimal("3.1.0", jsonSchemaDialect=remote)) == [("GWC819", f'"{remote}"')]
    assert refused(tmp_path, with_schema("3.1.0", {"$schema": remote})) == [("GWC819", f'"{remote}"')]
    schema = {"$id": remote, "items": {"$ref": "x.json"}}  # relative to the $id: http://127.0.0.1:1/x.json
    assert refused(tmp_path, with_schema("3.1.0", schema), x_json="{}") == [("GWC010", '"x.json"')]
    accepted(tmp_path, with_schema("3.1.0", {"$id": remote, "items": {"type": "string"}}))


def test_keywords_that_look_misspelled(tmp_path):
    assert warned(tmp_path, with_schema("3.1.0", {"requird": ["a"]})) == [("GWC817", '"requird"')]
    accepted(tmp_path, with_schema("3.1.0", {"x-requird": ["a"], "zebra": 1}))


@both
def test_limits_that_contradict_each_other(tmp_path, version):
    assert warned(tmp_path, with_schema(version, {"minimum": 5, "maximum": 1})) == [("GWC818", "5")]
    accepted(tmp_path, with_schema(version, {"minimum": 5, "maximum": 5}))


@both
def test_example_and_examples_exclude_each_other(tmp_path, version):
    parameter = path_parameter("petId", example="a")
    paths = {"/pets/{petId}": {"get": operation(parameters=[parameter])}}
    accepted(tmp_path, minimal(version, paths=paths))
    parameter["examples"] = {"b": {"value": "b"}}
    assert "GWC820" in {code for code, _ in refused(tmp_path, minimal(version, paths=paths))}


def test_findings_are_in_the_order_of_their_places_and_the_collector_is_left_as_it_was(tmp_path):
    assert gc.isenabled()
    _, found = load(tmp_path, minimal(components={"schemas": {"B": {"minLength": -1}, "A": {"$ref": "#/nope"}}}))
    assert [underlined(tmp_path, d) for d in found] == ["-1", '"#/nope"']
    assert gc.isenabled()
