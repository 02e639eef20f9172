"""Canonical path, and what else of phase 1 a route table can see: the gate that every request passes before its operation is looked up.

No option of Envoy gives the grammar (facts: `%2F`, `%5C`, `;`, `%zz` and double encoding pass all of them), so normalisation is
off and one RE2 expression over the raw target decides. Envoy has no 414: the length is an expression, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import matcher
from gwc.backends.envoy.answers import refuse, refuse_connect
from gwc.backends.envoy.document import Json
from gwc.controls.canonical_path import TARGET, CanonicalPath

_METHOD = "[A-Z_-]+"
_MAX_REPEAT = 1000
"""RE2 refuses a repetition of more; several in a row are fine."""
_MAX_URI_BYTES = 16384
"""A longer target would have to be told apart from a header section that is too large; its program would be big, too."""

TARGET_ANCHOR = json.dumps(TARGET)
"""How the grammar looks in a document."""
PROGRAM_SIZE = 2 * _MAX_URI_BYTES
"""For `re2.max_program_size.error_level` (default 100), which refuses larger expressions at load."""


def emit(control: CanonicalPath, operations: Json) -> Json:
    """The gate: refuses or goes on with the matcher of the operations, which must answer for every path."""
    return matcher.first(
        [
            matcher.case(_unreadable(), matcher.take(refuse("normalise.request"))),
            matcher.case(_method("TRACE"), matcher.take(refuse("route.method"))),
            matcher.case(_method("CONNECT"), matcher.take(refuse_connect("route.method"))),
            matcher.case(
                matcher.holds(matcher.PATH, matcher.regex(_longer_than(control.max_uri_bytes))), matcher.take(refuse("normalise.uri"))
            ),
            matcher.case(matcher.holds(matcher.PATH, matcher.regex(TARGET)), matcher.nested(operations)),
        ],
        otherwise=matcher.take(refuse("normalise.path")),
    )


def check(control: CanonicalPath) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    if control.max_uri_bytes > _MAX_URI_BYTES:
        why = f"Envoy's expression can count to {_MAX_URI_BYTES} bytes"
        yield Unenforceable(control.span, control.STEM, "max_uri_bytes", why, "use a smaller limit")


def _unreadable() -> Json:
    """A method that is no method, or an Authorization that can be read in two ways (Envoy joins two of them with a comma)."""
    authorization = matcher.holds(matcher.header_input("authorization"), {"contains": ","})
    return matcher.any_of([matcher.fails(matcher.holds(matcher.METHOD, matcher.regex(_METHOD))), authorization])


def _method(name: str) -> Json:
    return matcher.holds(matcher.METHOD, {"exact": name})


def _longer_than(count: int) -> str:
    full, rest = divmod(count + 1, _MAX_REPEAT)
    return f".{{{_MAX_REPEAT}}}" * full + (f".{{{rest}}}" if rest else "") + ".*"
