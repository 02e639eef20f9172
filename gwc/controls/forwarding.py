"""Phase 10: what of the request's head reaches the upstream.

Forwarded unchanged: method, raw target, body and every header that is not named here. Overwritten with what the gateway
knows: Host (the upstream's authority), X-Forwarded-For and X-Real-IP (the client's address), X-Forwarded-Host (the
client's Host in lower case, without port), X-Forwarded-Proto (`https`), X-Request-Id (made by the gateway, never taken
from the client). Set only when verified: X-Gwc-Subject (`sub` of the token), X-Gwc-Consumer (id of the consumer whose API key,
generated password or client certificate was verified), and with `forward: claims` X-Gwc-Claims (the token's payload, base64url as in the token).
Authorization reaches the upstream only with `forward: token`, and only when its token was verified for such a scheme.
Content-Length, Transfer-Encoding, Connection and Expect belong to one connection: each side has its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.api_key import ApiKey
from gwc.controls.base import Node, Place

SUBJECT = "x-gwc-subject"
CONSUMER = "x-gwc-consumer"
CLAIMS = "x-gwc-claims"
OVERWRITTEN = ("host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-request-id")
IDENTITY = (SUBJECT, CONSUMER, CLAIMS)

# Never forwarded: credentials, hop-by-hop fields (RFC 9110 7.6.1), fields by which a client could pose as somebody else
# (those that Kong's own plugins set, too) or reach another resource behind frameworks that believe them.
ALWAYS_REMOVED = (
    "authorization",
    "connection",
    "forwarded",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "via",
    "x-anonymous-consumer",
    "x-authenticated-groups",
    "x-authenticated-scope",
    "x-authenticated-userid",
    "x-consumer-custom-id",
    "x-consumer-groups",
    "x-consumer-id",
    "x-consumer-username",
    "x-credential-identifier",
    "x-forwarded-client-cert",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-gwc-forwarded",
    "x-gwc-reason",
    "x-gwc-sni",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding(Node):
    """`removed`: lower-case names, sorted: `ALWAYS_REMOVED` and the header of every API key. Parts of the query and cookies that carry keys
    are removed, too, on every operation: `removed_query` and `removed_cookies` are their names, sorted, found as `gwc.controls.api_key` says.

    The query keeps its other parts in their order; without any the question mark goes, too. With `removed_cookies`, the Cookie fields are
    forwarded as one: the parts that remain, without blanks around them and empty ones, joined by `; `; none: no field.

    Fields that `Connection` names may be dropped as hop-by-hop fields (RFC 9110 7.6.1; Envoy's HTTP/1 codec does so before anything
    else sees them), as if the client had not sent them; naming a field that the gateway sets may be refused with 400
    `normalise.request`. Either way the upstream never gets more than without `Connection`, and the gateway's own fields stay.
    """

    STEM: ClassVar[str] = "forwarding"
    PLACE: ClassVar[Place] = "gateway"
    FIELD: ClassVar[str] = "forwarding"

    removed: tuple[str, ...]
    removed_query: tuple[str, ...]
    removed_cookies: tuple[str, ...]


def lower(api_keys: Iterable[ApiKey]) -> Forwarding:
    """The rule that also removes what carries the keys."""
    names: dict[str, set[str]] = {"header": set(ALWAYS_REMOVED), "query": set(), "cookie": set()}
    for key in api_keys:
        names[key.location].add(key.name)
    return Forwarding(
        removed=tuple(sorted(names["header"])),
        removed_query=tuple(sorted(names["query"])),
        removed_cookies=tuple(sorted(names["cookie"])),
    )


EXAMPLES = (
    Forwarding(removed=ALWAYS_REMOVED, removed_query=(), removed_cookies=()),
    Forwarding(removed=tuple(sorted((*ALWAYS_REMOVED, "x-api-key"))), removed_query=(), removed_cookies=()),
    Forwarding(removed=ALWAYS_REMOVED, removed_query=("api_key",), removed_cookies=()),
    Forwarding(removed=ALWAYS_REMOVED, removed_query=(), removed_cookies=("key",)),
)
