"""Phase 12: NGINX writes the line, the plugin says reason and identity (`log`).

`escape=json` lets bytes above 127 through, which would make a line that is not UTF-8: the maps cut path and host there, and the
path at its query. The method is read from the request line, because NGINX goes to its error pages with GET; without a Host,
$host would be the name of Kong's server. One line for every answer, those to broken requests included.
"""

from __future__ import annotations

from gwc.backends.kong import client_ip
from gwc.backends.kong.fragment import HTTP, Anchor, Fragment
from gwc.controls.access_log import MEMBERS, RESPONSE
from gwc.ir import Gateway

MAPS = (
    'map $request_uri $gwc_path { default "-"; "~^([!->@-~]{1,16384})" $1; }',
    'map $request $gwc_method { default "-"; "~^([A-Z_-]{1,64}) " $1; }',
    'map $status $gwc_status { default 0; "~^[1-9]" $status; }',  # 009 is no JSON number: an upstream without a status line
    'map "$http_host $host" $gwc_host { default "-"; "~^[!-~]+ ([!-~]+)$" $1; }',
)
VARIABLES = ("gwc_reason", "gwc_operation", "gwc_subject", "gwc_consumer")
_NUMBERS = {"status": "$gwc_status", "durationMs": "$gwc_duration_ms"}
_TEXTS = {
    "time": "$time_iso8601",
    "host": "$gwc_host",
    "method": "$gwc_method",
    "path": "$gwc_path",
    **{name.removeprefix("gwc_"): f"${name}" for name in VARIABLES},
}


def emit(gateway: Gateway) -> Fragment:
    """Format, destination and the variables that Lua may write."""
    assert gateway.access_log.format == "json", gateway.access_log.format
    first = "log_format gwc escape=json"
    return Fragment(
        http=(*MAPS, first, f"  {format_text('$kong_request_id', gateway)};"),
        proxy=(*(f'set ${name} "-";' for name in variables(gateway)), "set $gwc_duration_ms 0;"),
        settings={"proxy_access_log": "/dev/stdout gwc", "proxy_error_log": "/dev/stderr"},
        anchors=(Anchor("*", HTTP, first),),
    )


def variables(gateway: Gateway) -> tuple[str, ...]:
    """What Lua writes, "-" before."""
    return (*VARIABLES, "gwc_response") if gateway.watches_responses else VARIABLES


def format_text(request_id: str, gateway: Gateway) -> str:
    """The quoted format of a line; `request_id` is the variable that holds the id of the request."""
    texts = {**_TEXTS, "client": client_ip.log_variable(gateway), "requestId": request_id, RESPONSE: "$gwc_response"}
    members = (*MEMBERS, RESPONSE) if gateway.watches_responses else MEMBERS
    return "'{" + ",".join(f'"{m}":{_NUMBERS[m]}' if m in _NUMBERS else f'"{m}":"{texts[m]}"' for m in members) + "}'"
