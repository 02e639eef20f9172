"""The names of the HTTP filters, in the order in which a request meets them, and the namespaces that they write to.

The names are keys in the routes, too. A key that no filter of the chain has is ignored by Envoy without a word, so
`checks.py` compares them.
"""

from __future__ import annotations

REASON = "gwc.reason"
LIMIT = "gwc.rate_limit"
"""One filter for each limit: the id follows after a dot."""
FLOOD = "gwc.flood"
CREDENTIALS = "gwc.credentials"
TOKENS = "gwc.jwt"
CLAIMS = "gwc.claims"
AUTHORIZATION = "gwc.authorization"
BODY_SIZE = "gwc.body_size"
BODY = "gwc.body"
PROOF = "gwc.proof"
ROUTER = "gwc.router"

ORDER = (REASON, LIMIT, FLOOD, CREDENTIALS, TOKENS, CLAIMS, AUTHORIZATION, BODY_SIZE, BODY, PROOF, ROUTER)

TOKEN_METADATA = "envoy.filters.http.jwt_authn"  # noqa: S105 - a namespace that is fixed in Envoy
STAMP = "gwc.stamp"
"""What the Lua filters say last, when they have let a request through: `credentials` and `body` are true."""
CONSUMERS = "gwc.consumers"
"""Scheme of an API key -> consumer: nothing else is in it, whatever a scheme is called."""
CALLER = "gwc.caller"
"""`consumer`, for the log."""

SNI_HEADER = "x-gwc-sni"
"""Set by the gateway on every request, before routing: matchers of routes can see headers only. Never forwarded."""


def payload_key(scheme: str) -> str:
    """Where the claims of a verified token are, in `TOKEN_METADATA`."""
    return f"payload.{scheme}"


def header_key(scheme: str) -> str:
    """Where the JOSE header of a verified token is, in `TOKEN_METADATA`."""
    return f"header.{scheme}"
