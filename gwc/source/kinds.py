"""What stands where in an OpenAPI document (OpenAPI 3.0.4 and 3.1.1, section 4): the places at which a `$ref` is a reference.

What the table does not name is data: examples, defaults, enumerations, constants and extensions may hold a `$ref` of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The objects of OpenAPI that hold a reference, or lead to one."""

    OPENAPI = "openapi"
    INFO = "info"
    TAG = "tag"
    COMPONENTS = "components"
    PATH_ITEM = "path item"
    OPERATION = "operation"
    PARAMETER = "parameter"
    HEADER = "header"
    REQUEST_BODY = "request body"
    RESPONSE = "response"
    CALLBACK = "callback"
    LINK = "link"
    EXAMPLE = "example"
    MEDIA_TYPE = "media type"
    ENCODING = "encoding"
    SCHEMA = "schema"
    SECURITY_SCHEME = "security scheme"
    TEXT = "text"


class Shape(StrEnum):
    """How a member holds its kind."""

    ONE = "one"
    LIST = "list"
    MAP = "map"
    MAP_BESIDE_EXTENSIONS = "map beside extensions"


class Place(NamedTuple):
    """What a member is."""

    shape: Shape
    kind: Kind


def _one(kind: Kind) -> Place:
    return Place(Shape.ONE, kind)


def _list(kind: Kind) -> Place:
    return Place(Shape.LIST, kind)


def _map(kind: Kind) -> Place:
    return Place(Shape.MAP, kind)


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

COMPONENT_SECTIONS: Mapping[str, Kind] = {
    "schemas": Kind.SCHEMA,
    "responses": Kind.RESPONSE,
    "parameters": Kind.PARAMETER,
    "examples": Kind.EXAMPLE,
    "requestBodies": Kind.REQUEST_BODY,
    "headers": Kind.HEADER,
    "securitySchemes": Kind.SECURITY_SCHEME,
    "links": Kind.LINK,
    "callbacks": Kind.CALLBACK,
    "pathItems": Kind.PATH_ITEM,
}

REFERABLE = frozenset(COMPONENT_SECTIONS.values())
"""The kinds that OpenAPI lets a Reference Object stand for."""

_DESCRIPTION = {"description": _one(Kind.TEXT)}
_PARAMETER = {
    "schema": _one(Kind.SCHEMA),
    "examples": _map(Kind.EXAMPLE),
    "content": _map(Kind.MEDIA_TYPE),
    **_DESCRIPTION,
}
_SCHEMA_ONE = (
    "not",
    "if",
    "then",
    "else",
    "items",
    "contains",
    "propertyNames",
    "additionalItems",
    "additionalProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
)
_SCHEMA_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_SCHEMA_MAP = ("properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions")

PLACES: Mapping[Kind, Mapping[str, Place]] = {
    Kind.OPENAPI: {
        "info": _one(Kind.INFO),
        "tags": _list(Kind.TAG),
        "paths": Place(Shape.MAP_BESIDE_EXTENSIONS, Kind.PATH_ITEM),
        "webhooks": _map(Kind.PATH_ITEM),
        "components": _one(Kind.COMPONENTS),
    },
    Kind.INFO: _DESCRIPTION,
    Kind.TAG: _DESCRIPTION,
    Kind.COMPONENTS: {section: _map(kind) for section, kind in COMPONENT_SECTIONS.items()},
    Kind.PATH_ITEM: {
        **{method: _one(Kind.OPERATION) for method in METHODS},
        "parameters": _list(Kind.PARAMETER),
        **_DESCRIPTION,
    },
    Kind.OPERATION: {
        "parameters": _list(Kind.PARAMETER),
        "requestBody": _one(Kind.REQUEST_BODY),
        "responses": Place(Shape.MAP_BESIDE_EXTENSIONS, Kind.RESPONSE),
        "callbacks": _map(Kind.CALLBACK),
        **_DESCRIPTION,
    },
    Kind.PARAMETER: _PARAMETER,
    Kind.HEADER: _PARAMETER,
    Kind.REQUEST_BODY: {"content": _map(Kind.MEDIA_TYPE), **_DESCRIPTION},
    Kind.RESPONSE: {
        "headers": _map(Kind.HEADER),
        "content": _map(Kind.MEDIA_TYPE),
        "links": _map(Kind.LINK),
        **_DESCRIPTION,
    },
    Kind.CALLBACK: {},  # a map of expressions to path items: see `place_of`
    Kind.LINK: _DESCRIPTION,
    Kind.EXAMPLE: _DESCRIPTION,
    Kind.MEDIA_TYPE: {"schema": _one(Kind.SCHEMA), "examples": _map(Kind.EXAMPLE), "encoding": _map(Kind.ENCODING)},
    Kind.ENCODING: {"headers": _map(Kind.HEADER)},
    Kind.SCHEMA: {
        **{keyword: _one(Kind.SCHEMA) for keyword in _SCHEMA_ONE},
        **{keyword: _list(Kind.SCHEMA) for keyword in _SCHEMA_LIST},
        **{keyword: _map(Kind.SCHEMA) for keyword in _SCHEMA_MAP},
        **_DESCRIPTION,
    },
    Kind.SECURITY_SCHEME: _DESCRIPTION,
    Kind.TEXT: {},
}


def place_of(kind: Kind, member: str) -> Place | None:
    """What a member of an object is; None: data without references."""
    if kind is Kind.CALLBACK and not member.startswith("x-"):
        return _one(Kind.PATH_ITEM)
    return PLACES[kind].get(member)
