"""Canonical path, and what else of phase 1 a route table can see: the gate that every request passes before its operation is looked up.

No option of Envoy gives the grammar (facts: `%2F`, `%5C`, `;`, `%zz` and double encoding pass all of them), so normalisation is
off and one RE2 expression over the raw target decides. Its length is judged by the Lua filter, with everything else that is not
about the operation: each predicate here is a copy of what it looks at, for every request.
"""

from __future__ import annotations

import json

from gwc.backends.envoy import matcher
from gwc.backends.envoy.answers import refuse, refuse_connect
from gwc.backends.envoy.document import Json
from gwc.controls.canonical_path import MATRIX_TARGET, TARGET, CanonicalPath
from gwc.controls.validation import Validation

PROGRAM_SIZE = 32768
"""For `re2.max_program_size.error_level` (default 100), which refuses larger expressions at load."""


def emit(control: CanonicalPath, operations: Json) -> Json:
    """The gate: refuses or goes on with the matcher of the operations, which must answer for every path and method."""
    return matcher.first(
        [
            matcher.case(matcher.holds(matcher.PATH, matcher.regex(_target(control))), matcher.nested(operations)),
            matcher.case(matcher.has_method("CONNECT"), matcher.take(refuse_connect("route.method"))),
        ],
        otherwise=matcher.take(refuse("normalise.path")),
    )


def anchor(control: CanonicalPath) -> str:
    """How the grammar looks in a document."""
    return json.dumps(_target(control))


def take(control: CanonicalPath, rule: Validation, segments: int, route: Json) -> Json:
    """Ends with the route of an operation. Where paths may have semicolons: only if they are in its segments with matrix parameters."""
    if not control.matrix:
        return matcher.take(route)
    path = "/".join("[^/?]*" if i in rule.matrix_segments else "[^/?;]*" for i in range(segments))
    allowed = matcher.case(matcher.whole(f"/{path}"), matcher.take(route))
    return matcher.nested(matcher.first([allowed], otherwise=matcher.take(refuse("normalise.path"))))


def _target(control: CanonicalPath) -> str:
    return MATRIX_TARGET if control.matrix else TARGET


def lua_data(control: CanonicalPath) -> int:
    """The most bytes that a target may have."""
    return control.max_uri_bytes
