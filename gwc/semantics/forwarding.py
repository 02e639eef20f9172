"""Phase 10: what the upstream receives."""

from __future__ import annotations

from gwc.controls.forwarding import CLAIMS, CONSUMER, IDENTITY, OVERWRITTEN, SUBJECT
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import carrier
from gwc.semantics.answers import ForwardedRequest, Headers
from gwc.semantics.host_names import host_of
from gwc.semantics.http1 import Request
from gwc.semantics.identity import Identity

FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect"})
"""Fields of one connection: the gateway frames the message to the upstream anew."""


def forward(gateway: Gateway, operation: Operation, request: Request, identity: Identity, client: str) -> ForwardedRequest:
    """The request as it leaves the gateway, without X-Request-Id."""
    upstream = next(u for u in gateway.upstreams if u.name == operation.upstream)
    known: Headers = (
        ("host", upstream.authority),
        ("x-forwarded-for", client),
        ("x-real-ip", client),
        ("x-forwarded-host", host_of(request)),
        ("x-forwarded-proto", "https"),
    )
    headers = (*_kept(gateway, request), *known, *_verified(request, identity))
    target = carrier.target_without(request, gateway.forwarding.removed_query)
    return ForwardedRequest(upstream.name, request.method, target, tuple(sorted(headers)), request.body)


def _verified(request: Request, identity: Identity) -> Headers:
    """What only the gateway can say: who the caller is."""
    names = tuple((k, v) for k, v in ((SUBJECT, identity.subject), (CONSUMER, identity.consumer)) if v != "-")
    claims = next(((CLAIMS, token.payload_text) for control, token in identity.tokens if control.forward == "claims"), None)
    token = next((("authorization", request.values("authorization")[0]) for c, _ in identity.tokens if c.forward == "token"), None)
    return (*names, *((claims,) if claims else ()), *((token,) if token else ()))


def _kept(gateway: Gateway, request: Request) -> Headers:
    control = gateway.forwarding
    rewritten = ("cookie",) if control.removed_cookies else ()
    dropped = {*control.removed, *OVERWRITTEN, *IDENTITY, *FRAMING, *rewritten}
    kept = tuple((k, v) for k, v in request.headers if k not in dropped)
    cookies = carrier.cookies_without(request, control.removed_cookies) if rewritten else ""
    return (*kept, ("cookie", cookies)) if cookies else kept
