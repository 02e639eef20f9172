"""Phase 10: what the upstream receives."""

from __future__ import annotations

from gwc.controls.forwarding import CONSUMER, IDENTITY, OVERWRITTEN, SUBJECT
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics.answers import ForwardedRequest, Headers
from gwc.semantics.host_names import host_of
from gwc.semantics.http1 import Request
from gwc.semantics.security import Identity

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
    verified = ((SUBJECT, identity.subject), (CONSUMER, identity.consumer))
    headers = (*_kept(gateway, request), *known, *((k, v) for k, v in verified if v != "-"))
    return ForwardedRequest(upstream.name, request.method, request.target, tuple(sorted(headers)), request.body)


def _kept(gateway: Gateway, request: Request) -> Headers:
    dropped = {*gateway.forwarding.removed, *OVERWRITTEN, *IDENTITY, *FRAMING}
    return tuple((k, v) for k, v in request.headers if k not in dropped)
