"""An OpenAPI document as the rest of gwc sees it: its operations with everything inherited and every reference followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gwc.diagnostics import Span
from gwc.source.cursor import Cursor
from gwc.source.document import Document

Version = Literal["3.0", "3.1"]
ParameterLocation = Literal["path", "query", "header", "cookie"]
SchemeType = Literal["apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"]

Alternative = tuple[tuple[str, tuple[str, ...]], ...]
"""Schemes that are needed together, each with its scopes, in the order of the document. Empty: nothing is needed (`{}`)."""


@dataclass(frozen=True, slots=True)
class ApiParameter:
    """A parameter after its `$ref` was followed; `cursor` is at the Parameter Object."""

    name: str
    location: ParameterLocation
    required: bool
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class ApiBody:
    """The request body of an operation. `media_types`: as written, in the order of the document, with their places."""

    required: bool
    media_types: tuple[tuple[str, Span], ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class SecurityRequirements:
    """What `security` says: one of `alternatives` must hold. None at all: no authentication (`security: []`)."""

    alternatives: tuple[Alternative, ...]
    cursor: Cursor

    @property
    def span(self) -> Span:
        """The word `security`."""
        return self.cursor.span(key=True)


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """One method of one path.

    `security`: the operation's own, else the document's; None when neither says anything. `parameters`: those of the path
    item and of the operation, which replaces equal ones, sorted by location and name. `path_cursor` is at the member of
    `paths`, `cursor` at the Operation Object, perhaps in another file.

    `route_path` is `path`, except where an earlier template of the document is equal up to the names of parameters (with
    other methods): then it is that one, so that both are one route.
    """

    path: str
    route_path: str
    method: str  # upper case
    operation_id: str | None
    tags: tuple[str, ...]
    security: SecurityRequirements | None
    security_is_own: bool
    parameters: tuple[ApiParameter, ...]
    request_body: ApiBody | None
    cursor: Cursor
    path_cursor: Cursor
    method_cursor: Cursor

    @property
    def span(self) -> Span:
        """The method, as the key of the path item."""
        return self.method_cursor.span(key=True)

    @property
    def path_span(self) -> Span:
        """The path template."""
        return self.path_cursor.span(key=True)

    @property
    def id_span(self) -> Span:
        """The operationId, or the method when there is none."""
        found = self.cursor.get("operationId")
        return found.span() if found else self.span

    @property
    def security_span(self) -> Span:
        """The `security` that counts, or the method when nothing says anything."""
        return self.security.span if self.security else self.span


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """One of `components.securitySchemes`. Fields that its type does not have are None or empty."""

    name: str
    type: SchemeType
    http_scheme: str | None  # lower case: bearer, basic ...
    location: Literal["query", "header", "cookie"] | None  # of an API key
    parameter_name: str | None  # of an API key, as written
    scopes: tuple[str, ...]  # declared by the flows of oauth2, sorted
    open_id_connect_url: str | None
    cursor: Cursor

    @property
    def span(self) -> Span:
        """The name of the scheme."""
        return self.cursor.span(key=True)

    @property
    def has_scopes(self) -> bool:
        """Whether `security` may name scopes (not roles) with it."""
        return self.type in ("oauth2", "openIdConnect")


@dataclass(frozen=True, slots=True)
class OpenApi:
    """A document without errors. `operations` are in the order of the file."""

    document: Document
    version: Version
    operations: tuple[ApiOperation, ...]
    security_schemes: tuple[SecurityScheme, ...]  # in the order of the file
    security: SecurityRequirements | None  # the document's
    server_urls: tuple[tuple[str, Span], ...]  # the document's
    cursor: Cursor

    @property
    def span(self) -> Span:
        """The version."""
        return self.cursor.child("openapi").span()
