"""The stable codes of everything that the source layer can say: 0xx about files and their syntax, 8xx about OpenAPI documents."""

from __future__ import annotations

from collections.abc import Mapping

UNREADABLE = "GWC001"
ENCODING = "GWC002"
SYNTAX = "GWC003"
DUPLICATE_KEY = "GWC004"
LIMIT = "GWC005"
UNSAFE_YAML = "GWC006"
SCALAR = "GWC007"
OUTSIDE_ROOT = "GWC008"
REMOTE_REFERENCE = "GWC010"
DANGLING_REFERENCE = "GWC011"
MALFORMED_REFERENCE = "GWC012"

VERSION = "GWC801"
STRUCTURE = "GWC802"
REFERENCE_PLACE = "GWC803"
PATH_TEMPLATE = "GWC804"
PATH_PARAMETER = "GWC805"
EQUAL_PATHS = "GWC806"
OPERATION_ID = "GWC807"
DUPLICATE_PARAMETER = "GWC808"
UNDEFINED_SCHEME = "GWC809"
SCOPE = "GWC810"
UNUSABLE_SCHEME = "GWC811"
PLAIN_HTTP_URL = "GWC812"
URL_WITH_SECRET = "GWC813"  # noqa: S105 - a code, not a password
SERVER = "GWC814"
UNEXPECTED_BODY = "GWC815"
TRACE = "GWC816"
UNKNOWN_KEYWORD = "GWC817"
CONTRADICTION = "GWC818"
DIALECT = "GWC819"
EXAMPLE_AND_EXAMPLES = "GWC820"
OLDER_KEYWORD = "GWC821"
SCHEMA_NAME = "GWC822"

CODES: Mapping[str, str] = {
    UNREADABLE: "the file is missing, unreadable or no regular file",
    ENCODING: "the file is not UTF-8 text without byte order mark, or has characters that its format forbids",
    SYNTAX: "the text is not well-formed YAML 1.2 or JSON, or is not one mapping or list",
    DUPLICATE_KEY: "a mapping has a key twice, perhaps spelled in two ways",
    LIMIT: "the file is larger, deeper or more repetitive than gwc accepts",
    UNSAFE_YAML: "a YAML feature that makes documents mean different things to different readers: tags, merge keys, directives",
    SCALAR: "a number or key that readers do not agree on: not finite, too many digits, no text as key",
    OUTSIDE_ROOT: "the file is outside the project's root",
    REMOTE_REFERENCE: "a $ref to another machine, with a scheme, or out of the project's root",
    DANGLING_REFERENCE: "a $ref to something that does not exist",
    MALFORMED_REFERENCE: "a $ref that is malformed, goes in circles, or leads to something that it can't stand for",
    VERSION: "the OpenAPI version is not 3.0 or 3.1",
    STRUCTURE: "the document breaks the official schema of its OpenAPI version",
    REFERENCE_PLACE: "a $ref where OpenAPI has none; it was read as its target (warning)",
    PATH_TEMPLATE: "a path template is malformed",
    PATH_PARAMETER: "the parameters of a path template and the declared path parameters are not the same",
    EQUAL_PATHS: "two path templates are equal up to the names of their parameters",
    OPERATION_ID: "two operations have one operationId",
    DUPLICATE_PARAMETER: "a parameter is declared twice",
    UNDEFINED_SCHEME: "`security` names a scheme that is not defined",
    SCOPE: "a scope where the scheme has none, or one that the scheme does not declare",
    UNUSABLE_SCHEME: "a security scheme that a gateway can't enforce as it stands",
    PLAIN_HTTP_URL: "keys or tokens would be fetched over plain http",
    URL_WITH_SECRET: "a URL holds a user name or password",
    SERVER: "a server URL that says less than it seems to (warning)",
    UNEXPECTED_BODY: "a request body on a method that has none by its definition (warning)",
    TRACE: "a TRACE operation can't be served",
    UNKNOWN_KEYWORD: "a schema keyword that looks misspelled (warning)",
    CONTRADICTION: "limits of a schema that no value can meet (warning)",
    DIALECT: "a JSON Schema dialect that gwc does not read",
    EXAMPLE_AND_EXAMPLES: "`example` and `examples` exclude each other",
    OLDER_KEYWORD: "a keyword of JSON Schema draft 4 that OpenAPI 3.0 does not have; it is enforced (warning)",
    SCHEMA_NAME: "two schemas of one document have the same `$id` or `$anchor`",
}
"""Code -> what it means, for the documentation."""
