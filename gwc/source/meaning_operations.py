"""Operations: their names, their parameters, and methods that gateways treat in a special way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwc.diagnostics import Findings, Label
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.openapi_build import parameter_key, parameters_of, path_items
from gwc.source.openapi_model import ApiOperation, ApiParameter, OpenApi
from gwc.source.text import shown

_WITHOUT_BODY = ("GET", "HEAD", "DELETE")
"""RFC 9110, section 9.3: content in these requests has no generally defined semantics."""


def check(api: OpenApi, findings: Findings) -> None:
    """Adds what is wrong with single operations and their parameters."""
    _check_ids(api.operations, findings)
    for holder in _holders(api):
        _check_duplicates(holder, findings)
    _check_trace(api.operations, findings)
    _check_bodies(api.operations, findings)


def _check_ids(operations: tuple[ApiOperation, ...], findings: Findings) -> None:
    first: dict[str, ApiOperation] = {}
    for operation in operations:
        if operation.operation_id is None:
            continue
        other = first.setdefault(operation.operation_id, operation)
        if other is not operation:
            findings.error(
                codes.OPERATION_ID,
                f"two operations have the operationId {shown(operation.operation_id)}",
                Label(operation.id_span, "again here"),
                Label(other.id_span, "first here"),
            )


def _holders(api: OpenApi) -> Iterator[Cursor]:
    yield from (item for _, item in path_items(api.cursor))
    yield from (operation.cursor for operation in api.operations)


def _check_duplicates(holder: Cursor, findings: Findings) -> None:
    first: dict[tuple[str, str], ApiParameter] = {}
    for parameter in parameters_of(holder):
        other = first.setdefault((parameter.location, parameter_key(parameter)), parameter)
        if other is not parameter:
            findings.error(
                codes.DUPLICATE_PARAMETER,
                f"the {parameter.location} parameter {shown(parameter.name)} is declared twice",
                Label(parameter.cursor.child("name").span(), "again here"),
                Label(other.cursor.child("name").span(), "first here"),
            )


def _check_trace(operations: Iterable[ApiOperation], findings: Findings) -> None:
    for operation in operations:
        if operation.method == "TRACE":
            findings.error(
                codes.TRACE,
                "TRACE can't be served: gateways answer it themselves or show credentials to the caller",
                operation.span,
                help="remove the operation",
            )


def _check_bodies(operations: Iterable[ApiOperation], findings: Findings) -> None:
    """One warning for each method: documents that do this do it often."""
    for method in _WITHOUT_BODY:
        found = [o for o in operations if o.method == method and o.request_body is not None]
        if found:
            more = f" ({len(found)} operations of this document)" if len(found) > 1 else ""
            message = f"a body of a {method} request has no defined meaning, and clients and proxies may drop it{more}"
            findings.warning(codes.UNEXPECTED_BODY, message, found[0].cursor.child("requestBody").span(key=True))
