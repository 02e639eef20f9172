"""Access log: JSON lines on standard output. Every value goes through Envoy's JSON writer.

Two loggers, of which each request meets one, because a look at anything but a header costs as much as all headers together: one for
requests that Envoy's core could read, which therefore have an id, and one for the rest.
"""

from __future__ import annotations

from gwc.backends.envoy.document import PRESENT, Json, extension, first_of
from gwc.backends.envoy.problem_details import REASON_HEADER, REQUEST_ID
from gwc.controls.access_log import RESPONSE
from gwc.controls.forwarding import CONSUMER, SUBJECT
from gwc.ir import Gateway

ALLOWED = "allowed"
"""The name of the listener's filter chain: the cheapest text that a format can have besides headers."""
LISTENER_METADATA = {"filter_metadata": {"gwc": {"absent": "-", "empty": ""}}}
"""Texts that formats can't have in themselves."""

REASON = first_of(("RESP", REASON_HEADER), ("FILTER_CHAIN_NAME", None))
"""The reason of an answer of the gateway itself; those of upstreams have no such header, because routes remove it."""
WORD_METADATA = ("gwc.response", "word")
"""Where the Lua filter says what it thinks of an upstream's answer."""
WORD = first_of(("DYNAMIC_METADATA", ":".join(WORD_METADATA)), ("METADATA", "LISTENER:gwc:absent"))
_PEER = "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"
_REQUEST_ID_HEADER = "x-request-id"
# A format of one operator alone writes `null` for what is absent, one with something behind it "-".
_NOTHING = "%REQ(:METHOD):0%"
_NOTHING_EVER = "%METADATA(LISTENER:gwc:empty)%"


def emit(gateway: Gateway) -> list[Json]:
    """The loggers. The Lua filter sets the identity headers, and only of who was verified."""
    more = {RESPONSE: WORD} if gateway.watches_responses else {}
    more |= {"client": first_of(("REQ", "X-REAL-IP"), (_PEER, None))} if gateway.client_ip else {}
    return [
        _logger(f"%REQ({_REQUEST_ID_HEADER})%", _NOTHING, {"name": _REQUEST_ID_HEADER, **PRESENT}, more),
        _logger(REQUEST_ID, _NOTHING_EVER, {"name": _REQUEST_ID_HEADER, **PRESENT, "invert_match": True}, more),
    ]


def _logger(request_id: str, nothing: str, when: Json, more: Json) -> Json:
    """The members are those of the control, in their order."""
    members: Json = {
        "time": "%START_TIME%",
        "requestId": request_id,
        "client": f"%{_PEER}%",
        # Authority is the upstream's as soon as the request was forwarded.
        "host": f"%REQ(X-FORWARDED-HOST?:AUTHORITY)%{nothing}",
        "method": f"%REQ(:METHOD)%{nothing}",
        "path": f"%PATH(NQ:PATH)%{nothing}",
        "operation": f"%ROUTE_NAME%{nothing}",
        "status": "%RESPONSE_CODE%",
        "reason": REASON,
        "subject": f"%REQ({SUBJECT})%{nothing}",
        "consumer": f"%REQ({CONSUMER})%{nothing}",
        "durationMs": "%DURATION%",
        **more,
    }
    message = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
    return {**extension("gwc.access_log", message, log_format={"json_format": members}), "filter": {"header_filter": {"header": when}}}
