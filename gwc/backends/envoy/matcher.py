"""Envoy's generic matchers (xds.type.matcher.v3) over request headers.

A nested matcher without a result falls through to what comes after it, and in a prefix map to the shorter prefix
(measured on 1.40; a RouteList would not). So only the outermost matcher says what happens otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwc.backends.envoy.document import Json, extension, typed


def header_input(name: str) -> Json:
    """The value of a header; several are joined by a comma; without it nothing matches."""
    return extension(name, "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)


PATH = header_input(":path")
"""The raw target: path, question mark and query."""
METHOD = header_input(":method")


def regex(expression: str) -> Json:
    """Matches the whole value (RE2)."""
    return {"safe_regex": {"google_re2": {}, "regex": expression}}


def holds(on: Json, value: Json) -> Json:
    """A predicate."""
    return {"single_predicate": {"input": on, "value_match": value}}


def has_method(name: str) -> Json:
    """A predicate: the request has this method."""
    return holds(METHOD, {"exact": name})


def case(predicate: Json, then: Json) -> Json:
    """One entry of a list: the first whose predicate holds decides."""
    return {"predicate": predicate, "on_match": then}


def first(cases: Sequence[Json], otherwise: Json | None = None) -> Json:
    """A matcher that tries the cases one after the other."""
    return {"matcher_list": {"matchers": list(cases)}, **({"on_no_match": otherwise} if otherwise else {})}


def by_prefix(on: Json, cases: Mapping[str, Json], otherwise: Json) -> Json:
    """A matcher that takes the longest prefix."""
    return {"matcher_tree": {"input": on, "prefix_match_map": {"map": dict(cases)}}, "on_no_match": otherwise}


def by_value(on: Json, cases: Mapping[str, Json], otherwise: Json) -> Json:
    """A matcher that looks the value up."""
    return {"matcher_tree": {"input": on, "exact_match_map": {"map": dict(cases)}}, "on_no_match": otherwise}


def nested(matcher: Json) -> Json:
    """Goes on with another matcher."""
    return {"matcher": matcher}


def take(route: Json) -> Json:
    """Ends with this route."""
    return {"action": {"name": "route", "typed_config": typed("envoy.config.route.v3.Route", **route)}}


def whole(expression: str) -> dict[str, Any]:
    """A predicate: the path without its query is this (the query is whatever the canonical grammar lets through)."""
    return holds(PATH, regex(rf"{expression}(?:\?.*)?"))
