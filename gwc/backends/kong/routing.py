"""Phase 2: one catch-all route in Kong; the plugin finds the operation in a trie of segments.

No route of Kong is generated: its prefixes match more than the path, its regular expressions are open at the end,
and the wrong method is 404 there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.kong.fragment import Fragment
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.routing import Literal, Segment, Template, is_literal
from gwc.ir import Gateway, Operation

_OWN_PATHS = frozenset({"/kong_error_handler", "/kong_buffered_http"})


def emit(gateway: Gateway) -> Fragment:
    """Method, hosts and segments of each operation. Raises Unenforceable."""
    _refuse_own_paths(gateway)
    _refuse_equal_forms(gateway)
    return Fragment(operations={o.key: dict(_members(o)) for o in gateway.operations})


def catch_all() -> Mapping[str, Any]:
    """The one route: no host and no method, so that everything reaches the plugin, which answers 421, 404 and 405."""
    return {
        "name": "gwc-all",
        "paths": ["/"],
        "protocols": ["http", "https"],
        "strip_path": False,
        "preserve_host": False,
        "request_buffering": True,
        "response_buffering": True,
        "https_redirect_status_code": 426,
    }


def _members(operation: Operation) -> Iterator[tuple[str, LuaValue]]:
    yield "method", operation.route.method
    yield "hosts", operation.route.hosts
    yield "path", [_segment(s) for s in operation.route.template.segments]


def _segment(segment: Segment) -> str | list[str]:
    """A literal as it is; else the texts around the parameters: `{id}.json` is `["", ".json"]`."""
    if is_literal(segment):
        return "".join(p.text for p in segment if isinstance(p, Literal))
    around = [""]
    for part in segment:
        if isinstance(part, Literal):
            around[-1] += part.text
        else:
            around.append("")
    return around


def _refuse_own_paths(gateway: Gateway) -> None:
    """NGINX answers 404 for the internal locations of Kong's template before any plugin runs."""
    for operation in gateway.operations:
        if operation.route.template.text in _OWN_PATHS:
            why = f"Kong itself answers requests to {operation.route.template.text}"
            raise Unenforceable(operation.route.span, "routing", "template", why, "give the operation another path")


def _refuse_equal_forms(gateway: Gateway) -> None:
    """`/a/{x}` and `/a/{y}` on one host match the same paths: the model would choose one of them for all methods."""
    seen: dict[tuple[object, ...], Template] = {}
    for operation in gateway.operations:
        template = operation.route.template
        form = tuple(part if isinstance(part, str) else tuple(part) for part in map(_segment, template.segments))
        for host in operation.route.hosts:
            other = seen.setdefault((host, *form), template)
            if other != template:
                why = f"{other.text} and {template.text} match the same paths"
                raise Unenforceable(operation.route.span, "routing", "template", why, "name the parameters alike")
