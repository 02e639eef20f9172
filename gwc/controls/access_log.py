"""Phase 12: one JSON line per request, on standard output, the gateway's own answers included.

Members, the same on every gateway: `time` (RFC 3339), `requestId`, `client`, `host`, `method`, `path` (without the query),
`operation` (key, or "-"), `status`, `reason` ("allowed" when the request was forwarded, else the reason code), `subject`,
`consumer` (who was verified; "-" when nobody was, or the request was refused before or while checking), `durationMs`. Never a query, a header value, a credential or a body.

Where answers of upstreams are watched there is `response`, too: one of `gwc.controls.validation.RESPONSE_WORDS`, "-" without an answer to watch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gwc.controls.base import Node, Place
from gwc.controls.spec import Spec


class AccessLogSpec(Spec):
    """`observability.accessLog`."""

    LATER: ClassVar[tuple[str, ...]] = ("redact", "mode")

    format: Literal["json"] = "json"


MEMBERS = (
    "time",
    "requestId",
    "client",
    "host",
    "method",
    "path",
    "operation",
    "status",
    "reason",
    "subject",
    "consumer",
    "durationMs",
)


RESPONSE = "response"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog(Node):
    """The log is always on; what can be chosen comes later."""

    STEM: ClassVar[str] = "access_log"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "access_log"

    format: Literal["json"]


EXAMPLES = (AccessLog(format="json"),)
