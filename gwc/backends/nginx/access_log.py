"""Phase 12 on NGINX: one JSON line for each request. `escape=json` lets bytes over 127 through, so what a client chose is cut before them."""

from __future__ import annotations

from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import argument
from gwc.controls.access_log import MEMBERS
from gwc.controls.problem_details import CORE_REASONS
from gwc.templating import Verbatim

_VALUES = {
    "time": "$time_iso8601",
    "requestId": "$request_id",
    "client": "$remote_addr",
    "host": "$gwc_log_host",
    "method": "$gwc_method",
    "path": "$gwc_log_path",
    "operation": "$gwc_op",
    "reason": "$gwc_log_reason",
    "subject": "$gwc_log_subject",
    "consumer": "$gwc_log_consumer",
}
_NUMBERS = {"status": "$gwc_log_status", "durationMs": "$gwc_log_ms"}

_MAPS = """\
map $gwc_target $gwc_log_path { default $gwc_target; "" -; }
map $status $gwc_log_status { volatile; default $status; 000 0; 009 0; }
map $request_time $gwc_log_ms { default 0; 0.000 0; "~^0\\.0*(?<gwc_ms>[1-9][0-9]*)$" $gwc_ms; "~^(?<gwc_s>[1-9][0-9]*)\\.(?<gwc_rest>[0-9]+)$" $gwc_s$gwc_rest; }
map $gwc_subject $gwc_log_subject { volatile; default $gwc_subject; "" -; }
map $gwc_consumer $gwc_log_consumer { volatile; default $gwc_consumer; "" -; }
map $gwc_reason $gwc_log_reason { volatile; default $gwc_reason; "" $gwc_else_reason; }
map $gwc_up $gwc_else_reason { volatile; default allowed; "" $gwc_core_reason; }"""


def emit(plan: Plan) -> Fragments:
    """The format, and maps for what NGINX has in another form."""
    reasons = "".join(f" {status} {reason};" for status, reason in CORE_REASONS.items())
    counted = "$gwc_counted" if plan.gateway.metrics else ""
    log_format = Verbatim(f"log_format gwc escape=json '{counted}{{{','.join(_member(plan, m) for m in MEMBERS)}}}';")
    hosts = "".join(f" {argument(name)} {argument(name)};" for name in plan.gateway.host_names.names)
    http = (
        Verbatim(f'map $host $gwc_log_host {{ default -;{hosts} "~^(?<gwc_host>[!-~]+)" $gwc_host; }}'),
        *map(Verbatim, _MAPS.splitlines()),
        Verbatim(f"map $status $gwc_core_reason {{ volatile; default internal.error;{reasons} }}"),
        log_format,
        Verbatim("access_log /dev/stdout gwc;"),
    )
    return Fragments(http=http, anchors=(Anchor("*", CONFIGURATION, log_format),))


def _member(plan: Plan, name: str) -> str:
    if name == "client" and plan.gateway.client_ip:
        return '"client":"$gwc_log_client"'
    return f'"{name}":{_NUMBERS[name]}' if name in _NUMBERS else f'"{name}":"{_VALUES[name]}"'
