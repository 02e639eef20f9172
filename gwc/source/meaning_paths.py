"""Path templates and the parameters in them."""

from __future__ import annotations

import re

from gwc.diagnostics import Findings, Label
from gwc.source import codes
from gwc.source.openapi_build import PARAMETER, path_items
from gwc.source.openapi_model import ApiOperation, OpenApi
from gwc.source.text import shown

_NAME = re.compile(r"[\w$][\w.~$-]*")
"""Names that no router and no RFC 6570 expression reads as more than a name: no `+x`, no `x*`, no `x:.*`."""


def check(api: OpenApi, findings: Findings) -> None:
    """Adds malformed templates, templates that can't be told apart, and parameters that are only declared or only used."""
    malformed: set[str] = set()
    for entry, _ in path_items(api.cursor):
        path = str(entry.pointer[-1])
        fault = _fault(path)
        if fault:
            malformed.add(path)
            findings.error(codes.PATH_TEMPLATE, f"{shown(path)}: {fault}", entry.span(key=True))
    sound = [o for o in api.operations if o.path not in malformed]
    _check_equal(sound, findings)
    for operation in sound:
        _check_parameters(operation, findings)


def _check_equal(operations: list[ApiOperation], findings: Findings) -> None:
    """Templates that match the same paths are read as one where their methods differ, as in GitHub's own document; else nothing could choose."""
    taken: dict[tuple[str, str], ApiOperation] = {}
    warned: set[str] = set()
    for operation in operations:
        other = taken.setdefault((operation.route_path, operation.method), operation)
        if other is not operation:
            findings.error(
                codes.EQUAL_PATHS,
                f"{operation.method} {shown(operation.path)} matches exactly the requests of {operation.method} {shown(other.path)}",
                Label(operation.path_span, "this one"),
                Label(other.path_span, "and this one"),
                help="OpenAPI forbids templates that differ only in the names of their parameters: write one path item",
            )
        elif operation.path != operation.route_path and operation.path not in warned:
            warned.add(operation.path)
            message = f"{shown(operation.path)} matches exactly the paths of {shown(operation.route_path)}; they are read as one"
            findings.warning(codes.EQUAL_PATHS, message, operation.path_span, help="write one path item with all methods")


def _fault(path: str) -> str | None:
    """What is wrong with a template by OpenAPI's own rules; what a gateway can't route is found later."""
    if not path.startswith("/"):
        return "a path begins with a slash"
    if not path.isprintable():
        return "a path has no control characters"
    names = PARAMETER.findall(path)
    if "{" in (rest := PARAMETER.sub("", path)) or "}" in rest:
        return "braces that do not belong together"
    if any("/" in name for name in names):
        return "a parameter can't hold a slash"
    bad = next((name for name in names if not _NAME.fullmatch(name)), None)
    if bad is not None:
        return f"{shown(bad)} is no parameter name"
    if len(set(names)) != len(names):
        return "a parameter that is there twice"
    return "two parameters without text between them" if "}{" in path else None


def _check_parameters(operation: ApiOperation, findings: Findings) -> None:
    used = set(PARAMETER.findall(operation.path))
    declared = {p.name: p for p in operation.parameters if p.location == "path"}
    for name in sorted(used - declared.keys()):
        findings.error(
            codes.PATH_PARAMETER,
            f"{operation.method} {shown(operation.path)} does not declare its path parameter {shown(name)}",
            Label(operation.span, "in this operation"),
            Label(operation.path_span, "used here"),
            help=f"add a parameter with `in: path`, `name: {name}` and `required: true`",
        )
    for name in sorted(declared.keys() - used):
        findings.error(
            codes.PATH_PARAMETER,
            f"the path of {operation.method} {shown(operation.path)} has no parameter {shown(name)}",
            Label(declared[name].cursor.child("name").span(), "declared here"),
            Label(operation.path_span, "not in this path"),
        )
    for name in sorted(used & declared.keys()):
        if not declared[name].required:
            place = declared[name].cursor
            findings.error(codes.PATH_PARAMETER, f"the path parameter {shown(name)} must have `required: true`", place.child("name").span())
