"""Makes the model from a document whose form is right: reads, inherits, follows references; judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gwc.source.cursor import Cursor
from gwc.source.kinds import METHODS
from gwc.source.openapi_model import ApiBody, ApiOperation, ApiParameter, OpenApi, SecurityRequirements, SecurityScheme, Version

PARAMETER = re.compile(r"\{([^{}]*)\}")
"""A parameter of a path template."""


def build(root: Cursor, version: Version) -> OpenApi:
    """The model of a document. Raises Problems for references that lead nowhere (the walk over the document has found them before)."""
    security = read_security(root)
    return OpenApi(
        document=root.document,
        version=version,
        operations=tuple(_operations(root, security)),
        security_schemes=tuple(_schemes(root)),
        security=security,
        server_urls=tuple((url.value, url.span()) for url in server_urls(root)),
        cursor=root,
    )


def server_urls(holder: Cursor) -> Iterator[Cursor]:
    """The URLs of the servers of a document, path item or operation."""
    servers = holder.get("servers")
    for server in servers.items() if servers else ():
        yield server.child("url")


def read_security(holder: Cursor) -> SecurityRequirements | None:
    """What `security` of a document or operation says; None when it is not there."""
    cursor = holder.get("security")
    if cursor is None:
        return None
    return SecurityRequirements(
        tuple(tuple((name, tuple(scopes)) for name, scopes in alternative.items()) for alternative in cursor.value), cursor
    )


def parameters_of(holder: Cursor) -> Iterator[ApiParameter]:
    """The parameters that a path item or operation lists itself."""
    found = holder.get("parameters")
    if found is None:
        return
    for item in found.resolve().items():
        cursor = item.resolve()
        yield ApiParameter(cursor.value["name"], cursor.value["in"], cursor.value.get("required", False), cursor)


def path_items(root: Cursor) -> Iterator[tuple[Cursor, Cursor]]:
    """The members of `paths` that are no extensions, and the path items that they stand for."""
    paths = root.get("paths")
    for name, entry in paths.resolve().members() if paths else ():
        if not name.startswith("x-"):
            yield entry, entry.resolve()


def _operations(root: Cursor, inherited: SecurityRequirements | None) -> Iterator[ApiOperation]:
    first: dict[str, str] = {}
    for entry, item in path_items(root):
        path = str(entry.pointer[-1])
        route_path = first.setdefault(without_names(path), path)
        for name, method in item.members():
            if name in METHODS:
                yield _operation(entry, item, method, inherited, route_path)


def without_names(path: str) -> str:
    """What templates have in common that match the same paths."""
    return PARAMETER.sub("{}", path)


def _operation(entry: Cursor, item: Cursor, method: Cursor, inherited: SecurityRequirements | None, route_path: str) -> ApiOperation:
    cursor = method.resolve()
    own = read_security(cursor)
    tags = cursor.get("tags")
    return ApiOperation(
        path=str(entry.pointer[-1]),
        route_path=route_path,
        method=str(method.pointer[-1]).upper(),
        operation_id=cursor.value.get("operationId"),
        tags=tuple(tags.value) if tags else (),
        security=inherited if own is None else own,
        security_is_own=own is not None,
        parameters=_merged(item, cursor),
        request_body=_body(cursor),
        cursor=cursor,
        path_cursor=entry,
        method_cursor=method,
    )


def _merged(item: Cursor, operation: Cursor) -> tuple[ApiParameter, ...]:
    by_place = {(p.location, parameter_key(p)): p for holder in (item, operation) for p in parameters_of(holder)}
    return tuple(by_place[key] for key in sorted(by_place))


def parameter_key(parameter: ApiParameter) -> str:
    """What makes two parameters of one location the same: header names know no case."""
    return parameter.name.lower() if parameter.location == "header" else parameter.name


def _body(operation: Cursor) -> ApiBody | None:
    found = operation.get("requestBody")
    if found is None:
        return None
    cursor = found.resolve()
    content = cursor.get("content")
    media_types = tuple((name, member.span(key=True)) for name, member in content.resolve().members()) if content else ()
    return ApiBody(cursor.value.get("required", False), media_types, cursor)


def _schemes(root: Cursor) -> Iterator[SecurityScheme]:
    components = root.get("components")
    section = components.resolve().get("securitySchemes") if components else None
    for name, entry in section.resolve().members() if section else ():
        cursor = entry.resolve()
        yield _scheme(name, entry, cursor.value)


def _scheme(name: str, entry: Cursor, value: dict[str, Any]) -> SecurityScheme:
    flows = value.get("flows", {})
    scopes = {s for key, flow in flows.items() if not key.startswith("x-") for s in flow.get("scopes", {})}
    return SecurityScheme(
        name=name,
        type=value["type"],
        http_scheme=value["scheme"].lower() if value["type"] == "http" else None,
        location=value["in"] if value["type"] == "apiKey" else None,
        parameter_name=value["name"] if value["type"] == "apiKey" else None,
        scopes=tuple(sorted(scopes)),
        open_id_connect_url=value["openIdConnectUrl"] if value["type"] == "openIdConnect" else None,
        cursor=entry,
    )
