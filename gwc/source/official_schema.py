"""The official JSON Schemas of OpenAPI 3.0 and 3.1, as the package openapi-spec-validator carries them, and validators made of them.

That package is only a folder of data here: importing it takes longer than checking most documents. Its `v3.0` is the
schema of 2021-09-28 (draft 4), its `v3.1` the one of 2022-10-07; the latter leaves Schema Objects open, here they are checked
with the 2020-12 meta-schema and the vocabulary of OpenAPI.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gwc.source.kinds import Kind

Validate = Callable[[Any], Iterator[Any]]
"""Yields errors of `jsonschema_rs`: attributes `instance_path`, `message`, `kind`."""

_DEFINITIONS: dict[Kind, tuple[str, str]] = {
    Kind.PATH_ITEM: ("PathItem", "path-item"),
    Kind.OPERATION: ("Operation", "operation"),
    Kind.PARAMETER: ("Parameter", "parameter"),
    Kind.HEADER: ("Header", "header"),
    Kind.REQUEST_BODY: ("RequestBody", "request-body"),
    Kind.RESPONSE: ("Response", "response"),
    Kind.CALLBACK: ("Callback", "callbacks"),
    Kind.LINK: ("Link", "link"),
    Kind.EXAMPLE: ("Example", "example"),
    Kind.SCHEMA: ("Schema", "schema"),
    Kind.SECURITY_SCHEME: ("SecurityScheme", "security-scheme"),
}
"""The names of the definitions in the schema of 3.0 and of 3.1."""

_DISCRIMINATOR = {
    "type": "object",
    "required": ["propertyName"],
    "properties": {"propertyName": {"type": "string"}, "mapping": {"type": "object", "additionalProperties": {"type": "string"}}},
}
_SCHEMA_31 = {
    "$dynamicAnchor": "meta",
    "type": ["object", "boolean"],
    "$ref": "https://json-schema.org/draft/2020-12/schema",
    "properties": {"discriminator": _DISCRIMINATOR, "xml": {"type": "object"}, "externalDocs": {"$ref": "#/$defs/external-documentation"}},
}


@cache
def validator(version: str, kind: Kind) -> Validate:
    """A function that yields what is wrong with an object of a kind (`Kind.OPENAPI`: a whole document). `version`: "3.0" or "3.1"."""
    # Compiled code of 25 ms: only for documents that get this far.
    from jsonschema_rs import Draft4Validator, Draft202012Validator  # noqa: PLC0415

    schema = _schema_30(kind) if version == "3.0" else _schema_31(kind)
    made = (Draft4Validator if version == "3.0" else Draft202012Validator)(schema, validate_formats=False)
    return made.iter_errors


@cache
def _official(version: str) -> dict[str, Any]:
    package = importlib.util.find_spec("openapi_spec_validator")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("gwc is not installed completely: no package openapi-spec-validator")
    path = Path(package.submodule_search_locations[0]) / "resources" / "schemas" / f"v{version}" / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _schema_30(kind: Kind) -> dict[str, Any]:
    official = _with_older_keywords(_official("3.0"))
    if kind is Kind.OPENAPI:
        return official
    return {"$schema": official["$schema"], "definitions": official["definitions"], "$ref": f"#/definitions/{_DEFINITIONS[kind][0]}"}


def _with_older_keywords(official: dict[str, Any]) -> dict[str, Any]:
    """Lets Schema Objects have the words of draft 4 that `gwc.source.schema_lint` warns of."""
    own = official["definitions"]["Schema"]
    one = own["properties"]["not"]
    named = {"type": "object", "additionalProperties": one}
    properties = {
        **own["properties"],
        "patternProperties": named,
        "definitions": named,
        "dependencies": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "array", "items": {"type": "string"}}, *one["oneOf"]]},
        },
        "additionalItems": own["properties"]["additionalProperties"],
        "items": {"anyOf": [{"type": "array", "items": one}, *one["oneOf"]]},
    }
    return {**official, "definitions": {**official["definitions"], "Schema": {**own, "properties": properties}}}


def _schema_31(kind: Kind) -> dict[str, Any]:
    official = _official("3.1")
    definitions = {**official["$defs"], "schema": _SCHEMA_31}
    if kind is Kind.OPENAPI:
        return {**official, "$defs": definitions}
    return {"$schema": official["$schema"], "$id": official["$id"], "$defs": definitions, "$ref": f"#/$defs/{_DEFINITIONS[kind][1]}"}
