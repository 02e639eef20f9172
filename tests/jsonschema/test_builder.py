"""What the builder makes of schemas, and what it refuses, where."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.jsonschema.tree import (
    ANYTHING,
    NOTHING,
    AnyOf,
    Apply,
    Bound,
    Call,
    Count,
    Discriminator,
    Enum,
    Items,
    Known,
    Matches,
    Members,
    MultipleOf,
    Never,
    OneOf,
    Required,
    Schema,
    Types,
    UnevaluatedProperties,
)
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.source import Workspace
from gwc.source.openapi import load_openapi
from tests.jsonschema.given import body_schema, build, built, load
from tests.source.given import underlined

PET = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
TREES: list[tuple[str, Any, str, Schema]] = [
    ("anything", {}, "3.1", ANYTHING),
    ("true", True, "3.1", ANYTHING),
    ("false", False, "3.1", NOTHING),
    ("types are sorted", {"type": ["string", "null"]}, "3.1", Schema((Types(("null", "string")),))),
    ("number takes integers", {"type": ["number", "integer"]}, "3.1", Schema((Types(("number",)),))),
    ("nullable", {"type": "string", "nullable": True}, "3.0", Schema((Types(("null", "string")),))),
    ("nullable beside no type", {"nullable": False}, "3.0", ANYTHING),
    ("nullable is no word of 3.1", {"type": "string", "nullable": True}, "3.1", Schema((Types(("string",)),))),
    ("exclusiveMinimum of 3.0", {"minimum": 1, "exclusiveMinimum": True}, "3.0", Schema((Bound("exclusiveMinimum", ">", Decimal(1)),))),
    ("exclusiveMinimum false", {"minimum": 1, "exclusiveMinimum": False}, "3.0", Schema((Bound("minimum", ">=", Decimal(1)),))),
    ("exclusiveMaximum alone", {"exclusiveMaximum": True}, "3.0", ANYTHING),
    (
        "both bounds of 3.1",
        {"minimum": 1, "exclusiveMinimum": 2},
        "3.1",
        Schema((Bound("minimum", ">=", Decimal(1)), Bound("exclusiveMinimum", ">", Decimal(2)))),
    ),
    (
        "other kinds",
        {"type": "string", "minimum": 1, "items": {}, "maxLength": 3},
        "3.1",
        Schema((Types(("string",)), Count("maxLength", 3))),
    ),
    ("limits that always hold", {"minLength": 0, "minItems": 0, "uniqueItems": False, "required": []}, "3.1", ANYTHING),
    ("equal constants", {"enum": [1, 1.0, "a"]}, "3.1", Schema((Enum("enum", ("1", '"a"')),))),
    ("constants of other types", {"type": "string", "enum": [1, "a"]}, "3.1", Schema((Types(("string",)), Enum("enum", ('"a"',))))),
    ("no constant left", {"type": "string", "const": 1}, "3.1", Schema((Never("const"),))),
    ("no type left", {"type": "string", "allOf": [{"type": "integer"}]}, "3.1", Schema((Never("type"),))),
    (
        "allOf is merged",
        {"allOf": [{"type": "string"}, {"maxLength": 3}], "minLength": 1},
        "3.1",
        Schema((Types(("string",)), Count("minLength", 1), Count("maxLength", 3))),
    ),
    (
        "parts that look at what they have seen are not",
        {"properties": {"a": {}}, "allOf": [{"unevaluatedProperties": False}]},
        "3.1",
        Schema((Members((("a", ANYTHING),)), Apply(Schema((UnevaluatedProperties(NOTHING),))))),
    ),
    ("not nothing", {"not": False, "type": "string"}, "3.1", Schema((Types(("string",)),))),
    ("not anything", {"not": {}}, "3.1", Schema((Never("not"),))),
    ("items", {"prefixItems": [{}], "items": False}, "3.1", Schema((Items((ANYTHING,), NOTHING),))),
    ("additionalItems", {"items": [{}], "additionalItems": False}, "3.0", Schema((Items((ANYTHING,), NOTHING),))),
    ("additionalItems beside no tuple", {"items": {}, "additionalItems": False}, "3.0", Schema((Items((), ANYTHING),))),
    ("siblings of $ref in 3.0", {"$ref": "#/components/schemas/Name", "maxLength": 1}, "3.0", Schema((Types(("string",)),))),
    (
        "siblings of $ref in 3.1",
        {"$ref": "#/components/schemas/Name", "maxLength": 1},
        "3.1",
        Schema((Types(("string",)), Count("maxLength", 1))),
    ),
    ("what is large is called", {"$ref": "#/components/schemas/Pet"}, "3.1", Schema((Call(0),))),
    ("a pattern", {"pattern": "^a"}, "3.0", Schema((Matches("pattern", "^a"),))),
    (
        "long numbers",
        {"multipleOf": 0.01, "maximum": 9223372036854775807},
        "3.1",
        Schema((Bound("maximum", "<=", Decimal(2**63 - 1)), MultipleOf(Decimal("0.01")))),
    ),
]


@pytest.mark.parametrize(("name", "schema", "version", "expected"), TREES, ids=[t[0] for t in TREES])
def test_trees(name, schema, version, expected, tmp_path):
    made = built(
        tmp_path,
        {"type": "object", "properties": {"x": schema}} if isinstance(schema, bool) else schema,
        version,
        components={"Name": {"type": "string"}, "Pet": PET},
    )
    if isinstance(schema, bool):
        members = made.schema.checks[1]
        assert isinstance(members, Members)
        assert members.properties == (("x", expected),)
    else:
        assert made.schema == expected


def test_what_is_called_is_built_once(tmp_path):
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}, "pet": {"$ref": "#/components/schemas/Pet"}}}
    made = built(tmp_path, {"$ref": "#/components/schemas/Node"}, components={"Node": node, "Pet": PET})
    members = Members((("next", Schema((Call(0),))), ("pet", Schema((Call(1),)))))
    assert made.table == (
        Schema((members,)),
        Schema((Types(("object",)), Required(("name",)), Members((("name", Schema((Types(("string",)),))),)))),
    )


def test_builders_share_a_table(tmp_path):
    (tmp_path / "openapi.json").write_text(json.dumps(_document({"$ref": "#/components/schemas/Pet"}, {"Pet": PET})))
    api = load(tmp_path / "openapi.json", Findings())
    table = GrowingTable()
    builders = [SchemaBuilder(Findings(), version="3.1", direction=d, formats=True, table=table) for d in ("request", "response")]
    assert [b.root(body_schema(api, 0), closed=True) for b in builders] == [Schema((Call(0),)), Schema((Call(1),))]
    assert table.table[0].checks[-1] == Known("additionalProperties", ("name",), ())


def _document(schema: Any, components: Any = None) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "fine"}}}
    head = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}}}
    return {**head, "components": {"schemas": components or {}}}


REFUSED: list[tuple[str, Any, str, str, str]] = [
    ("digits of a divisor", {"multipleOf": 0.123456789012345}, "3.1", "GWC420", "0.123456789012345"),
    ("a pattern that is none", {"pattern": "("}, "3.1", "GWC421", '"("'),
    ("a pattern as a name", {"patternProperties": {"(": {}}}, "3.1", "GWC421", '"("'),
    ("a back-reference", {"pattern": "(a)\\1"}, "3.0", "GWC421", '"(a)\\\\1"'),
    ("a format", {"format": "idn-hostname"}, "3.1", "GWC422", '"idn-hostname"'),
    ("a circle", {"$ref": "#/components/schemas/A"}, "3.1", "GWC423", "{"),
    ("a circle through a condition", {"$ref": "#/components/schemas/B"}, "3.1", "GWC423", "{"),
]


@pytest.mark.parametrize(("name", "schema", "version", "code", "place"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_cant_be_enforced_is_a_located_error(name, schema, version, code, place, tmp_path):
    components = {
        "A": {"allOf": [{"$ref": "#/components/schemas/C"}, {"type": "object"}]},
        "B": {"type": "object", "not": {"$ref": "#/components/schemas/C"}},
        "C": {
            "anyOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}, {"items": {"$ref": "#/components/schemas/A"}}]
        },
    }
    _, found = build(tmp_path, schema, version, components=components if code == "GWC423" else None, formats=True, closed=True)
    errors = [(d.code, underlined(tmp_path, d)) for d in found if d.severity == "error"]
    assert (code, place) in errors
    assert {c for c, _ in errors} == {code}


def test_recursion_through_members_and_items_is_no_circle(tmp_path):
    components = {"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}}}
    for closed in (False, True):
        made = built(tmp_path, {"$ref": "#/components/schemas/A"}, components=components, closed=closed)
        assert made.takes({"a": {"a": {}}})
        assert not made.takes({"a": {"a": {"b": {}}}}) or not closed


def test_unknown_formats_are_noted_once(tmp_path):
    schema = {"properties": {"a": {"format": "unix-time"}, "b": {"format": "unix-time"}, "c": {"format": "date"}}}
    _, found = build(tmp_path, schema, formats=True)
    assert [(d.code, d.severity, underlined(tmp_path, d)) for d in found] == [("GWC425", "note", '"unix-time"')]
    assert build(tmp_path, {"format": "idn-hostname"})[1] == []


def test_nullable_of_3_1_is_noted_once(tmp_path):
    schema = {"properties": {n: {"type": "string", "nullable": True} for n in ("a", "b")}}
    made, found = build(tmp_path, schema)
    assert [(d.code, d.severity, underlined(tmp_path, d)) for d in found] == [("GWC425", "note", '"nullable"')]
    assert made.failures({"a": None}) == (("/a", "type"),)


def test_a_format_is_one_failure(tmp_path):
    made = built(tmp_path, {"format": "date-time"}, formats=True)
    assert made.failures("x") == (("", "format"),)
    assert made.failures("2026-02-30T00:00:00Z") == (("", "format"),)
    assert made.takes("2026-02-28T00:00:00Z")
    assert made.takes(5)
    assert built(tmp_path, {"format": "hostname"}, formats=True).failures("a." * 150 + "a") == (("", "format"),)
    assert built(tmp_path, {"type": "integer", "format": "int32"}, formats=True).failures(2**31) == (("", "format"),)


@pytest.mark.parametrize("text", ["0.30000000000000004", "1e-7", "12345678901234567890.5", "0.1000000000000000055511151231257827"])
def test_numbers_of_documents_are_exact(text, tmp_path):
    (tmp_path / "openapi.json").write_text(json.dumps(_document({"enum": ["@"], "maximum": "@"})).replace('"@"', text))
    _check_exact(tmp_path, "openapi.json", text)
    (tmp_path / "a.yaml").write_text(json.dumps(_document({"enum": ["@"], "maximum": "@"}), indent=1).replace('"@"', text))
    _check_exact(tmp_path, "a.yaml", text)


def _check_exact(folder: Any, name: str, text: str) -> None:
    findings = Findings()
    api = load_openapi(Workspace(folder), name, findings)
    builder = SchemaBuilder(findings, version="3.1", direction="request", formats=True)
    enum, bound = builder.root(body_schema(api, 0), closed=False).checks
    assert not findings.has_errors
    assert isinstance(enum, Enum)
    assert isinstance(bound, Bound)
    assert Decimal(enum.values[0]) == bound.limit == Decimal(text)


def test_a_number_behind_an_alias_is_refused(tmp_path):
    text = json.dumps(_document({"enum": ["@"], "maximum": "*"})).replace('"@"', "&x 0.5").replace('"*"', "*x ")
    (tmp_path / "openapi.yaml").write_text(text)
    findings = Findings()
    api = load_openapi(Workspace(tmp_path), "openapi.yaml", findings)
    SchemaBuilder(findings, version="3.1", direction="request", formats=True).root(body_schema(api, 0), closed=False)
    assert {d.code for d in findings.diagnostics} == {"GWC420"}


def test_discriminators_name_alternatives(tmp_path):
    components = {name: {**PET, "title": name} for name in ("Cat", "Dog", "Fish")}
    schema = {
        "oneOf": [{"$ref": f"#/components/schemas/{n}"} for n in components],
        "discriminator": {"propertyName": "kind", "mapping": {"kitty": "#/components/schemas/Cat", "Dog": "Fish", "odd": "nothing.json"}},
    }
    (tmp_path / "nothing.json").write_text("{}")
    made = built(tmp_path, schema, components=components)
    assert made.schema.checks == (
        OneOf(tuple(Schema((Call(n),)) for n in range(3)), Discriminator("kind", (("Cat", 0), ("Dog", 2), ("Fish", 2), ("kitty", 0)))),
    )


def test_closed_alternatives_know_the_discriminator(tmp_path):
    components = {name: {"type": "object", "properties": {"n": {"properties": {name: {}}}}} for name in ("Cat", "Dog")}
    schema = {"anyOf": [{"$ref": f"#/components/schemas/{n}"} for n in components], "discriminator": {"propertyName": "kind"}}
    made = built(tmp_path, schema, components=components, closed=True)
    (alternatives, rest) = made.schema.checks
    assert isinstance(alternatives, AnyOf)
    assert alternatives.discriminator == Discriminator("kind", (("Cat", 0), ("Dog", 1)))
    assert rest == UnevaluatedProperties(NOTHING, "additionalProperties")


def test_chains_through_members_cost_no_stack(tmp_path):
    components = {f"S{n}": {"properties": {"next": {"$ref": f"#/components/schemas/S{n + 1}"}}} for n in range(3000)}
    components["S3000"] = {"type": "object"}
    assert len(built(tmp_path, {"$ref": "#/components/schemas/S0"}, components=components, closed=True).table) == 3000


def test_absurd_nesting_is_a_finding(tmp_path):
    components = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}, {"minProperties": n}]} for n in range(3000)}
    components["S3000"] = {"type": "object"}
    _, found = build(tmp_path, {"$ref": "#/components/schemas/S0"}, components=components, closed=True)
    assert {d.code for d in found} == {"GWC424"}
