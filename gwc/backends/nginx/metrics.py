"""Phase 12 on NGINX: counters in a dictionary, counted when the log line is written, and a server of their own that prints them."""

from __future__ import annotations

from gwc.backends.base import Unenforceable
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.listener_tls import endpoint
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import directive
from gwc.controls.metrics import Metrics
from gwc.controls.problem_details import REASONS
from gwc.templating import Verbatim

COUNTER_BYTES = 256
"""More than a counter takes in the dictionary."""
MAX_MEBIBYTES = 256


def emit(plan: Plan) -> Fragments:
    """The variable that counts, the dictionary, and the server."""
    lines = tuple(line for control in plan.gateway.metrics for line in _server(plan, control))
    anchors = tuple(Anchor("*", CONFIGURATION, _listen(control)) for control in plan.gateway.metrics)
    return Fragments(http=lines, anchors=anchors)


def _server(plan: Plan, control: Metrics) -> Lines:
    listener = plan.gateway.listener_tls
    if (control.address, control.port) == (listener.address, listener.port):
        raise Unenforceable(control.span, control.STEM, "port", "this is where the API is served", "choose another port")
    return (
        Verbatim("js_set $gwc_counted gwc.count;"),
        Verbatim(f"js_shared_dict_zone zone=gwc_metrics:{_mebibytes(plan)}m type=number;"),
        Verbatim("server {"),
        Verbatim(f"  {_listen(control)}"),
        Verbatim("  access_log off;"),
        Verbatim("  location = /metrics { if ($request_method != GET) { return 405; } js_content gwc.counters; }"),
        Verbatim("  location / { return 404; }"),
        Verbatim("}"),
    )


def _listen(control: Metrics) -> Verbatim:
    return directive("listen", endpoint(control))


def _mebibytes(plan: Plan) -> int:
    """Room for every consumer with every reason."""
    counters = (len(plan.consumers) + 1) * (len(REASONS) + 1)
    return min(MAX_MEBIBYTES, 1 + counters * COUNTER_BYTES // 2**20)
