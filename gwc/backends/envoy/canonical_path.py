"""Canonical path, and what else of phase 1 a route table can see: the gate that every request passes before its operation is looked up.

No option of Envoy gives the grammar (facts: `%2F`, `%5C`, `;`, `%zz` and double encoding pass all of them), so normalisation is
off and one RE2 expression over the raw target decides. Its length is judged by the Lua filter, with everything else that is not
about the operation: each predicate here is a copy of what it looks at, for every request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import matcher
from gwc.backends.envoy.answers import refuse, refuse_connect
from gwc.backends.envoy.document import Json
from gwc.controls.canonical_path import TARGET, CanonicalPath
from gwc.ir import Gateway

TARGET_ANCHOR = json.dumps(TARGET)
"""How the grammar looks in a document."""
PROGRAM_SIZE = 32768
"""For `re2.max_program_size.error_level` (default 100), which refuses larger expressions at load."""


def check(gateway: Gateway) -> Iterator[Unenforceable]:
    """Semicolons in paths."""
    if gateway.canonical_path.matrix:
        yield Unenforceable(gateway.canonical_path.span, CanonicalPath.STEM, "matrix", "Envoy does not take matrix parameters yet")


def emit(operations: Json) -> Json:
    """The gate: refuses or goes on with the matcher of the operations, which must answer for every path and method."""
    return matcher.first(
        [
            matcher.case(matcher.holds(matcher.PATH, matcher.regex(TARGET)), matcher.nested(operations)),
            matcher.case(matcher.has_method("CONNECT"), matcher.take(refuse_connect("route.method"))),
        ],
        otherwise=matcher.take(refuse("normalise.path")),
    )


def lua_data(control: CanonicalPath) -> int:
    """The most bytes that a target may have."""
    return control.max_uri_bytes
