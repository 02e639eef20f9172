"""Phase 12: counters in a dictionary that the workers share, and a server of its own for them. Kong's prometheus plugin has no reasons."""

from __future__ import annotations

import math

from gwc.backends.kong.fragment import HTTP, Anchor, Fragment
from gwc.backends.kong.listener_tls import authority
from gwc.controls.metrics import Metrics
from gwc.controls.problem_details import REASONS
from gwc.controls.validation import RESPONSE_WORDS
from gwc.ir import Gateway

_ENTRY_BYTES = 256  # measured: 128 for a short key; an id has up to 128 characters
_MEGABYTE = 1024 * 1024


def emit(gateway: Gateway) -> Fragment:
    """The dictionary and the server; nothing without an address."""
    lines = tuple(line for control in gateway.metrics for line in server(control))
    anchors = tuple(Anchor("*", HTTP, _listen(control)) for control in gateway.metrics)
    return Fragment(http=(*dictionary(gateway), *lines), anchors=anchors)


def dictionary(gateway: Gateway) -> tuple[str, ...]:
    """Room for every pair of consumer and reason, of operation and result, and of limit and event, so that no counter is ever pushed out."""
    watched = sum(1 for operation in gateway.operations if operation.validation.responses)
    pairs = (len(gateway.consumers) + 1) * (len(REASONS) + 1) + watched * len(RESPONSE_WORDS) + 2 * len(gateway.rate_limits)
    megabytes = 1 + math.ceil(pairs * _ENTRY_BYTES / _MEGABYTE)
    return (f"lua_shared_dict gwc_metrics {megabytes}m;",) if gateway.metrics else ()


def server(control: Metrics) -> tuple[str, ...]:
    """A `server` that is no part of the API: plain HTTP on the address of the operators."""
    return (
        "server {",
        f"  {_listen(control)}",
        "  access_log off;",
        "  location = /metrics {",
        '    content_by_lua_block { require("gwc.metrics").serve() }',
        "  }",
        "  location / {",
        "    return 404;",
        "  }",
        "}",
    )


def _listen(control: Metrics) -> str:
    return f"listen {authority(control)};"
