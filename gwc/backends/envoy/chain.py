"""The names of the HTTP filters, in the order in which a request meets them, and the headers and namespaces that they share.

The names are keys in the routes, too. A key that no filter of the chain has is ignored by Envoy without a word, so
`checks.py` compares them.
"""

from __future__ import annotations

NETWORK = "gwc.network"
LIMIT = "gwc.rate_limit"
"""One filter for each limit: the id follows after a dot."""
FLOOD = "gwc.flood"
TOKENS = "gwc.jwt"
ACCESS = "gwc.access"
QUOTA = "gwc.quota"
"""One filter for the first limit of every consumer, one for the second, and so on: the number follows after a dot."""
THROTTLE = "gwc.throttle"
BODY = "gwc.body"
ROUTER = "gwc.router"

ORDER = (NETWORK, LIMIT, FLOOD, TOKENS, ACCESS, QUOTA, THROTTLE, BODY, ROUTER)
"""Filters that a policy has no use for are not in its chain."""

SIGNED = "envoy.filters.http.jwt_authn"
"""The namespace that `jwt_authn` writes to; the name is fixed in Envoy."""
WAITS = "gwc.waits"
"""Number of a quota -> seconds that its consumer waits for a token, as a text."""

SNI_HEADER = "x-gwc-sni"
"""Set by the gateway on every request, before routing: matchers of routes can see headers only. Never forwarded."""


def signed_key(scheme: str) -> str:
    """The member of `SIGNED` that is there only when the signature of the token is one of a key of the scheme."""
    return f"signed.{scheme}"
