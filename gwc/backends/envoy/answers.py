"""Routes that answer at once, for requests that no operation gets to see. They turn no filter on."""

from __future__ import annotations

from gwc.backends.envoy.document import Json, header
from gwc.backends.envoy.problem_details import PRIVATE_STATUS

NO_OPERATION = "-"


def refuse(reason: str, allow: str | None = None) -> Json:
    """A route that answers with the reason, the same to everybody; `allow` is the header of 405."""
    return {
        "name": NO_OPERATION,
        "match": {"prefix": "/"},
        "direct_response": {"status": PRIVATE_STATUS[reason]},
        **({"response_headers_to_add": [header("allow", allow)]} if allow is not None else {}),
    }


def refuse_connect(reason: str) -> Json:
    """The same for CONNECT, which matches no prefix."""
    return {**refuse(reason), "match": {"connect_matcher": {}}}
