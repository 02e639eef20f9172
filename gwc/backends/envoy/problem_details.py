"""Problem details: every answer that Envoy makes on its own goes through one mapper that names status and reason.

The routes and Lua filters of gwc refuse with a private status of their own for each reason, so that no text of an answer
is ever interpreted. Envoy's native filters are told apart by the details of the response code (`CEL`, evaluated for local
replies only). Mappers see nothing of what an upstream answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from gwc.backends.envoy import consumer, listener_tls, rate_limit, seal
from gwc.backends.envoy.document import Json, first_of, header
from gwc.backends.envoy.reply_filter import all_of, has_details, has_flag, has_status
from gwc.controls.problem_details import CORE_REASONS, REASONS, TITLES
from gwc.ir import Gateway

REASON_HEADER = "x-gwc-reason"
"""In the head of every answer of the gateway itself: the reason, for the access log and the counters."""

_FIRST_PRIVATE_STATUS = 520
PRIVATE_STATUS = {reason: _FIRST_PRIVATE_STATUS + i for i, reason in enumerate(REASONS)}
"""Below 600, the end of what Envoy takes; the gateway's own answers have no status of the range, and those of upstreams meet no mapper."""

REQUEST_ID = first_of(("REQ", "X-REQUEST-ID"), ("CONNECTION_ID", None)) + "%METADATA(LISTENER:gwc:empty)%"
"""The request's id; of a request that could not be read, which is the last one of its connection, the connection's number.

The empty text makes a text of the number.
"""

_REQUEST_ID_OF_READ = "%REQ(X-REQUEST-ID)%"

_DETAILS = (
    (400, "http1.unexpected_underscore", "normalise.headerName"),
    (400, "http.invalid_authority", "normalise.host"),
    (403, "upgrade_failed", "route.method"),  # CONNECT
    (404, "absolute_path_rejected", "normalise.path"),
    (400, "path_normalization_failed", "normalise.path"),
    (503, "upstream_reset_before_response_started{connection_timeout}", "upstream.timeout"),  # also has the flag UF
)
_UNAVAILABLE_FLAGS = ("UF", "UC", "UR", "UH", "LR", "UPE")
_EVERYTHING = "internal.error"


def emit(gateway: Gateway) -> Json:
    """`local_reply_config`: the first mapper whose filter holds makes the answer; the last one takes all that is left."""
    hsts = listener_tls.hsts(gateway.listener_tls)
    exact = [(has_status(status), reason) for reason, status in PRIVATE_STATUS.items()]
    native = [(_native(status, details), reason) for status, details, reason in _DETAILS]
    upstream = [(all_of(has_status(503), has_flag(*_UNAVAILABLE_FLAGS)), "upstream.unavailable")]
    core = [(has_status(status), reason) for status, reason in CORE_REASONS.items()]
    table = (*exact, (seal.refused(), _EVERYTHING), *native, *upstream, *core, (has_status(0, "GE"), _EVERYTHING))
    made = [_mapper(when, reason, *hsts) for when, reason in table]
    return {"mappers": [*_limits(gateway, hsts), *made]}


def _limits(gateway: Gateway, hsts: list[Json]) -> Iterable[Json]:
    for mark, wait_s in rate_limit.policies(gateway.rate_limits):
        yield _mapper(_marked(mark), "flood.limit", header("retry-after", str(wait_s)), *hsts)
    for mark, wait in consumer.policies(gateway.consumers):
        yield _mapper(_marked(mark), "throttle.limit", header("retry-after", wait), *hsts)


def _marked(policy: str) -> Json:
    return _native(403, f"rbac_access_denied_matched_policy[{policy}]")


def _native(status: int, details: str) -> Json:
    """The status first: it is cheap, and most answers are told apart by it alone."""
    return all_of(has_status(status), has_details(details))


def _mapper(when: Json, reason: str, *more: Json) -> Json:
    status = REASONS[reason]
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "reason": reason, "requestId": REQUEST_ID}
    form = _with_errors(body) if reason.startswith("validate.") else {"json_format": body}
    return {
        "filter": when,
        "status_code": status,
        "headers_to_add": [header(REASON_HEADER, reason), header("cache-control", "no-store"), *more],
        "body_format_override": {**form, "content_type": "application/problem+json"},
    }


def _with_errors(body: Json) -> Json:
    """The document with `errors`: the text that the Lua filter answers with, which is a JSON list and put there as it is (1.40).

    Only that filter refuses so, and it sees requests that have an id, which Envoy made.
    """
    text = json.dumps({**body, "requestId": _REQUEST_ID_OF_READ}, separators=(",", ":"))
    return {"text_format_source": {"inline_string": f'{text[:-1]},"errors":%LOCAL_REPLY_BODY%}}'}}
