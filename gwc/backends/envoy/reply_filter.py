"""Filters over what happened to a request, as mappers of local replies and access loggers take them (config.accesslog.v3)."""

from __future__ import annotations

from gwc.backends.envoy.document import PRESENT, Json, extension


def all_of(*filters: Json) -> Json:
    """Holds when all of them do. There must be two or more."""
    return {"and_filter": {"filters": list(filters)}}


def has_status(status: int, operator: str = "EQ") -> Json:
    """Compares the status of the answer; `operator` may be EQ, NE, GE or LE."""
    value = {"default_value": status, "runtime_key": f"gwc.never_set.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def has_flag(*flags: str) -> Json:
    """Whether the request has one of Envoy's response flags."""
    return {"response_flag_filter": {"flags": list(flags)}}


def has_metadata(namespace: str, key: str) -> Json:
    """Whether a filter has said anything under the key."""
    matcher = {"filter": namespace, "path": [{"key": key}], "value": PRESENT}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


def has_details(details: str) -> Json:
    """Compares Envoy's own words for what it did; CEL, so nothing that is asked about every request."""
    message = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    expression = f"response.code_details == '{details}'"
    return {"extension_filter": extension("envoy.access_loggers.extension_filters.cel", message, expression=expression)}
