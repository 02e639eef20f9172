"""Filters over what happened to a request, as mappers of local replies and access loggers take them (config.accesslog.v3)."""

from __future__ import annotations

from gwc.backends.envoy.chain import TOKEN_METADATA
from gwc.backends.envoy.document import Json, extension

_FAILURE = "failed"
"""Where `jwt_authn` says why it refused a token: the member `code`."""


def all_of(*filters: Json) -> Json:
    """Holds when all of them do. There must be two or more."""
    return {"and_filter": {"filters": list(filters)}}


def any_of(*filters: Json) -> Json:
    """Holds when one of them does. There must be two or more."""
    return {"or_filter": {"filters": list(filters)}}


def has_status(status: int, operator: str = "EQ") -> Json:
    """Compares the status of the answer; `operator` may be EQ, NE, GE or LE."""
    value = {"default_value": status, "runtime_key": f"gwc.never_set.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def has_flag(*flags: str) -> Json:
    """Whether the request has one of Envoy's response flags."""
    return {"response_flag_filter": {"flags": list(flags)}}


def has_details(details: str) -> Json:
    """Compares Envoy's own words for what it did; CEL, so nothing that is asked about every request."""
    message = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    expression = f"response.code_details == '{details}'"
    return {"extension_filter": extension("envoy.access_loggers.extension_filters.cel", message, expression=expression)}


def token_failed(low: int = 1, high: int = 255) -> Json:
    """Whether `jwt_authn` refused a token with a code of this range."""
    return _failure({"double_match": {"range": {"start": low, "end": high + 1}}}, when_absent=False)


def token_did_not_fail() -> Json:
    """The opposite of `token_failed()`."""
    return _failure({"double_match": {"exact": 0}}, when_absent=True)


def _failure(code: Json, *, when_absent: bool) -> Json:
    path = [{"key": _FAILURE}, {"key": "code"}]
    return {"metadata_filter": {"matcher": {"filter": TOKEN_METADATA, "path": path, "value": code}, "match_if_key_not_found": when_absent}}
