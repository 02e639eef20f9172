"""Problem details: every answer that Envoy makes on its own goes through one mapper that names status and reason.

The routes and Lua filters of gwc refuse with a private status of their own for each reason, so that no text of an answer
is ever interpreted. Envoy's native filters are told apart by the details of the response code (`CEL`, evaluated for local
replies only) and by the numbers of jwt_authn. Mappers see nothing of what an upstream answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gwc.backends.envoy import rate_limit
from gwc.backends.envoy.document import Json, first_of, header, literal
from gwc.backends.envoy.reply_filter import all_of, any_of, has_details, has_flag, has_status, token_failed
from gwc.controls.problem_details import CORE_REASONS, REASONS, TITLES, ProblemDetails
from gwc.controls.rate_limit import RateLimit

REASON_HEADER = "x-gwc-reason"
"""Carries the reason from the mapper to the access log; `chain.REASON` takes it off the answer."""
ALLOWED = "allowed"

_FIRST_PRIVATE_STATUS = 550
PRIVATE_STATUS = {reason: _FIRST_PRIVATE_STATUS + i for i, reason in enumerate(REASONS)}
"""Below 600, the end of what Envoy takes; statuses of real answers are not in the range."""

REQUEST_ID = first_of(("REQ", "X-REQUEST-ID"), ("CONNECTION_ID", None)) + "%METADATA(LISTENER:gwc:empty)%"
"""The request's id; of a request that could not be read, which is the last one of its connection, the connection's number.

The empty text makes a text of the number.
"""

# google/jwt_verify_lib status.h as of Envoy 1.40, measured. The Lua filter in front says the same with better knowledge;
# what only jwt_authn can see is the signature (26).
_TOKEN_REASONS = (
    (1, 1, "authn.missing"),
    (2, 2, "authn.notBefore"),
    (3, 3, "authn.expired"),
    (4, 6, "authn.malformed"),
    (7, 8, "authn.algorithm"),
    (9, 9, "authn.unknownKey"),
    (10, 11, "authn.malformed"),
    (12, 12, "authn.issuer"),
    (13, 13, "authn.subject"),
    (14, 23, "authn.malformed"),
    (24, 24, "authn.issuer"),
    (25, 25, "authn.audience"),
    (26, 26, "authn.signature"),
    (27, 32, "authn.unknownKey"),
)


def _denied_by(policy: str) -> str:
    return f"rbac_access_denied_matched_policy[{policy}]"


_DETAILS = (
    (400, "http1.unexpected_underscore", "normalise.headerName"),
    (400, "http.invalid_authority", "normalise.host"),
    (403, "upgrade_failed", "route.method"),  # CONNECT
    (404, "absolute_path_rejected", "normalise.path"),
    (400, "path_normalization_failed", "normalise.path"),
    *((403, _denied_by(reason), reason) for reason in REASONS if reason.startswith(("authn.", "internal."))),
    (403, _denied_by("none"), "authz.scope"),
)
_UNAVAILABLE_FLAGS = ("UF", "UC", "UR", "UH", "LR", "UPE")
_EVERYTHING = "internal.error"


def emit(control: ProblemDetails, limits: Sequence[RateLimit]) -> Json:
    """`local_reply_config`: the first mapper whose filter holds makes the answer; the last one takes all that is left."""
    exact = [(has_status(status), reason) for reason, status in PRIVATE_STATUS.items()]
    native = [(_native(status, details), reason) for status, details, reason in _DETAILS]
    tokens = [(all_of(any_of(has_status(401), has_status(403)), token_failed(low, high)), reason) for low, high, reason in _TOKEN_REASONS]
    upstream = [(all_of(has_status(503), has_flag(*_UNAVAILABLE_FLAGS)), "upstream.unavailable")]
    core = [(has_status(status), reason) for status, reason in CORE_REASONS.items()]
    floods = [(_native(403, _denied_by(policy)), header("retry-after", str(wait_s))) for policy, wait_s in rate_limit.policies(limits)]
    table = (*exact, *native, *tokens, *upstream, *core, (has_status(0, "GE"), _EVERYTHING))
    limited = [_mapper(control, when, "flood.limit", wait) for when, wait in floods]
    return {"mappers": [*limited, *(_mapper(control, when, reason) for when, reason in table)]}


def challenge(control: ProblemDetails, reason: str) -> str | None:
    """WWW-Authenticate of the answers that Envoy's own filters make; those of Lua bring theirs."""
    bearer = f'Bearer realm="{control.realm}"'
    if reason == "authz.scope":
        return f'{bearer}, error="insufficient_scope"'
    if reason.startswith("authn."):
        return bearer if reason == "authn.missing" else f'{bearer}, error="invalid_token"'
    return None


def _native(status: int, details: str) -> Json:
    """The status first: it is cheap, and most answers are told apart by it alone."""
    return all_of(has_status(status), has_details(details))


def _mapper(control: ProblemDetails, when: Json, reason: str, *more: Json) -> Json:
    status = REASONS[reason]
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "reason": reason, "requestId": REQUEST_ID}
    return {
        "filter": when,
        "status_code": status,
        "headers_to_add": [*_headers(control, when, reason), *more],
        "body_format_override": {"json_format": body, "content_type": "application/problem+json"},
    }


def _headers(control: ProblemDetails, when: Json, reason: str) -> Iterable[Json]:
    yield header(REASON_HEADER, reason)
    yield header("cache-control", "no-store")
    text = challenge(control, reason)
    if text is not None and when != has_status(PRIVATE_STATUS[reason]):
        yield header("www-authenticate", literal(text))
