"""Phase 1 on NGINX: the raw target against the grammar; what was checked is what locations see and what is forwarded."""

from __future__ import annotations

import re

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, problem_location
from gwc.backends.nginx.quoting import argument, literal
from gwc.controls.canonical_path import ESCAPED, PATH_CHARS, QUERY_CHARS
from gwc.templating import Verbatim

MAX_URI_BYTES = 65000
"""PCRE repeats a character at most 65535 times."""
BUFFER_BYTES = 8192
"""The least size of a buffer for a request line or a header line."""
REFUSED = (
    rf"^[A-Z_-]+ [^ ?]*%(?!{ESCAPED})",
    r"^[A-Z_-]+ [^ ?]*/(?:/|\.\.?[/?; ])",
    r"^[A-Z_-]+ [^ ?]*\?[^ ]*%(?![0-9A-Fa-f][0-9A-Fa-f])",
)
"""Request lines with an escape in the path that is needless or malformed, an empty or a dot segment, a malformed escape in the query.

The grammar of the control in pieces without a group that repeats: PCRE 1 keeps a frame for each round of one and gives up on a target of 8,000
bytes of escapes, unless it is possessive, which checkers of configurations do not know. Each piece takes linear time.
"""


def emit(plan: Plan) -> Fragments:
    """Length, then form and grammar, one map after the other; the last one gives the path to the locations as it was sent."""
    control = plan.gateway.canonical_path
    if control.max_uri_bytes > MAX_URI_BYTES:
        raise Unenforceable(control.span, control.STEM, "max_uri_bytes", f"NGINX can check at most {MAX_URI_BYTES} bytes")
    refused = argument(problem_location("normalise.path"))
    grammar = Verbatim(f"{literal(f'~{accepted(matrix=control.matrix)}')} $gwc_path;")
    http = (
        Verbatim(f"large_client_header_buffers 4 {_buffer_bytes(control.max_uri_bytes)};"),
        Verbatim("map $request_uri $gwc_before_length {"),
        Verbatim("  default $gwc_before_grammar;"),
        Verbatim(f'  "~^.{{{control.max_uri_bytes + 1}}}" {argument(problem_location("normalise.uri"))};'),
        Verbatim("}"),
        # the request line: `$request_uri` of `GET http://host/path` is the path only
        Verbatim("map $request $gwc_before_grammar {"),
        Verbatim(f"  default {refused};"),
        *(Verbatim(f"  {literal(f'~{expression}')} {refused};") for expression in REFUSED),
        Verbatim(f"  {grammar}"),
        Verbatim("}"),
        *(_semicolons(plan) if control.matrix else ()),
    )
    return Fragments(http=http, anchors=(Anchor("*", CONFIGURATION, grammar),))


def _semicolons(plan: Plan) -> Lines:
    """The lane of a request whose path has semicolons in segments with matrix parameters only; the operation decides which."""
    paths = [_path(o.key, len(o.route.template.segments), o.validation.matrix_segments) for o in plan.gateway.operations]
    return (
        Verbatim('map "$gwc_op $request_uri" $gwc_lane {'),
        Verbatim(f"  default {argument(problem_location('normalise.path'))};"),
        *(Verbatim(f"  {literal(path)} $gwc_lane_of;") for path in ("~^- ", r"~^[^?;]*(?:\?|$)", *filter(None, paths))),
        Verbatim("}"),
    )


def _path(key: str, segments: int, matrix: tuple[int, ...]) -> str:
    """An expression for the operation's paths that have semicolons where they may be, empty without such places."""
    text = "/".join("[^/?]*" if n in matrix else "[^/?;]*" for n in range(segments))
    return rf"~^{re.escape(key)} /{text}(?:\?|$)" if matrix else ""


def accepted(*, matrix: bool) -> str:
    """What a request line must be that none of REFUSED finds anything in: its characters, and where the path is."""
    semicolon = ";" if matrix else ""
    return rf"^[A-Z_-]+ (?<gwc_path>/[%/{semicolon}{PATH_CHARS}]*)(?:\?[%{QUERY_CHARS}]*)? HTTP/[0-9.]+\z"


def _buffer_bytes(max_uri_bytes: int) -> int:
    """A buffer for a whole request line of the longest target: the method, the version and some more."""
    return max(BUFFER_BYTES, -(-(max_uri_bytes + 512) // 1024) * 1024)
