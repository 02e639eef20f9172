"""Access log: JSON lines on standard output. Every value goes through Envoy's JSON writer."""

from __future__ import annotations

from collections.abc import Sequence

from gwc.backends.envoy import chain
from gwc.backends.envoy.document import Json, extension, first_of
from gwc.backends.envoy.problem_details import REASON_HEADER, REQUEST_ID
from gwc.backends.envoy.reply_filter import all_of, any_of, has_status, token_did_not_fail, token_failed
from gwc.controls.jwt import Jwt

_NAMESPACE = "gwc"
_REASON = "reason"
_ABSENT = ("METADATA", f"LISTENER:{_NAMESPACE}:absent")
LISTENER_METADATA = {"filter_metadata": {_NAMESPACE: {"absent": "-", "empty": ""}}}
"""Texts that formats can't have in themselves: Envoy's JSON writer has `null` for what is absent, the control has "-"."""


def emit(jwts: Sequence[Jwt]) -> list[Json]:
    """Two loggers, of which each request meets one: nobody is known when a token was refused, though a key may have been good."""
    return [
        _logger(jwts, "-", all_of(has_status(401), token_failed())),
        _logger(
            jwts, first_of(("DYNAMIC_METADATA", f"{chain.CALLER}:consumer"), _ABSENT), any_of(has_status(401, "NE"), token_did_not_fail())
        ),
    ]


def _logger(jwts: Sequence[Jwt], consumer: str, when: Json) -> Json:
    """The members are those of the control, in their order."""
    subjects = [("DYNAMIC_METADATA", f"{chain.TOKEN_METADATA}:{chain.payload_key(j.scheme)}:sub") for j in jwts]
    members: Json = {
        "time": "%START_TIME%",
        "requestId": REQUEST_ID,
        "client": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        # Authority is the upstream's as soon as the request was forwarded.
        "host": first_of(("REQ", "X-FORWARDED-HOST"), ("REQ", ":AUTHORITY"), _ABSENT),
        "method": first_of(("REQ", ":METHOD"), _ABSENT),
        "path": first_of(("PATH", "NQ:PATH"), _ABSENT),
        "operation": first_of(("ROUTE_NAME", None), _ABSENT),
        "status": "%RESPONSE_CODE%",
        # Answers of the codec still have it in their head: no filter saw them.
        "reason": first_of(("DYNAMIC_METADATA", f"{_NAMESPACE}:{_REASON}"), ("RESP", REASON_HEADER), _ABSENT),
        "subject": first_of(*subjects, _ABSENT),
        "consumer": consumer,
        "durationMs": "%DURATION%",
    }
    message = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
    return {**extension("gwc.access_log", message, log_format={"json_format": members}), "filter": when}


def reason_filter() -> Json:
    """The filter that takes the reason from the answer's head into the log; it is the last one that an answer meets."""
    found = {"metadata_namespace": _NAMESPACE, "key": _REASON}
    rule = {"header": REASON_HEADER, "on_header_present": found, "remove": True}
    return extension(chain.REASON, "envoy.extensions.filters.http.header_to_metadata.v3.Config", response_rules=[rule])
