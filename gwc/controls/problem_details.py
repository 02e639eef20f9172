"""The gateway's own answers: RFC 9457 problem+json with a stable reason code.

One table is the truth for the evaluator, the backends and the documentation. Nothing of the request, no token and no
stack trace is ever part of an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gwc.controls.base import Node, Place

# reason -> status. The part before the dot is the phase of DESIGN section 3.
REASONS = MappingProxyType(
    {
        "normalise.request": 400,  # malformed HTTP: no Host or two, two Authorization, framing, unknown syntax
        "normalise.timeout": 408,  # head or body did not arrive in time
        "normalise.uri": 414,
        "normalise.path": 400,  # path or query outside the canonical grammar
        "normalise.host": 421,  # Host that is not served, or not the SNI of the connection
        "normalise.version": 426,  # HTTP/1.0 and older
        "normalise.headers": 431,  # too many or too large
        "normalise.clientAddress": 400,  # X-Forwarded-For of a trusted proxy is no list of addresses
        "normalise.certificate": 400,  # a client certificate that is not trusted, or none where one is required
        "normalise.headerName": 400,  # a name with an underscore: CGI-like servers read it as another header
        "route.unknown": 404,
        "route.method": 405,
        "network.denied": 403,  # the client's address is not one of every `allow` rule, or is one of a `deny` rule
        "flood.limit": 429,  # limits by client address
        "authn.missing": 401,
        "authn.malformed": 401,
        "authn.critical": 401,  # `crit` in the token's header (RFC 7515 4.1.11): no extension is understood
        "authn.type": 401,
        "authn.unknownKey": 401,  # no kid, or one that the JWKS does not have
        "authn.algorithm": 401,
        "authn.signature": 401,
        "authn.claims": 401,  # a payload that is no JSON object, or registered claims of another type
        "authn.expired": 401,  # a token or an API key
        "authn.notBefore": 401,
        "authn.issuedAt": 401,  # in the future
        "authn.lifetime": 401,  # longer than maxLifetime, or not known
        "authn.issuer": 401,
        "authn.audience": 401,
        "authn.subject": 401,
        "authn.apiKey": 401,
        "authn.basic": 401,  # Authorization is not Basic with a consumer and one of its generated keys
        "authn.certificate": 401,  # the names of a trusted certificate are not those of exactly one consumer
        "authz.scope": 403,
        "authz.consumer": 403,  # not a consumer of the rule, or credentials of two consumers
        "authz.role": 403,
        "authz.claim": 403,
        "authz.zone": 403,
        "authz.object": 403,  # the two sides of an `equal` differ, or one is missing
        "throttle.limit": 429,  # limits of a consumer
        "body.size": 413,
        "body.contentType": 415,
        "body.encoding": 415,
        "body.unexpected": 400,
        "body.missing": 400,
        "validate.parameters": 400,  # with `errors`, as the other three
        "validate.syntax": 400,  # a body that is not strictly JSON, a form or multipart
        "validate.limits": 400,  # of the body's text: `validation.limits`
        "validate.body": 400,
        "upstream.unavailable": 502,
        "upstream.timeout": 504,
        "internal.error": 500,
        "internal.unavailable": 503,
    }
)

TITLES = MappingProxyType(
    {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        408: "Request Timeout",
        413: "Content Too Large",
        414: "URI Too Long",
        415: "Unsupported Media Type",
        421: "Misdirected Request",
        426: "Upgrade Required",
        429: "Too Many Requests",
        431: "Request Header Fields Too Large",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }
)

# The reason of an answer that the gateway's core made on its own, by its status.
CORE_REASONS = MappingProxyType(
    {
        400: "normalise.request",
        404: "route.unknown",
        405: "route.method",
        408: "normalise.timeout",
        413: "body.size",
        414: "normalise.uri",
        421: "normalise.host",
        426: "normalise.version",
        429: "flood.limit",
        431: "normalise.headers",
        500: "internal.error",
        501: "normalise.request",
        502: "upstream.unavailable",
        503: "internal.unavailable",
        504: "upstream.timeout",
        505: "normalise.request",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails(Node):
    """Every answer of the gateway itself is `{type, title, status, reason, requestId}`, on every path, codec errors included.

    With a reason `validate.*` there is a member `errors` behind them: at most five of `{"in", "pointer", "keyword"}` (docs/validation.md).
    """

    STEM: ClassVar[str] = "problem_details"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "problem_details"

    realm: str  # of WWW-Authenticate: visible ASCII without quotes and backslashes


EXAMPLES = (ProblemDetails(realm="orders"), ProblemDetails(realm="museum"))
