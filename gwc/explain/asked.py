"""The request that somebody asks about: who sends what from where. It names consumers and claims, and never holds a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gwc.semantics import Certificate

ANYBODY = "anybody"
"""`sub` of a token for which nothing else was said."""
SOMEWHERE = "192.0.2.1"
"""The client when nothing else is said: an address that belongs to nobody (RFC 5737)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAsked:
    """A token that the keys of `scheme` verify. What `claims` leave out of `iss`, `aud`, `sub`, `iat` and `exp` is filled in as the scheme wants it."""

    scheme: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """`size` in bytes; 0: none. `media_type` None: no Content-Type. `content` None: some bytes, which are what the schemas ask for."""

    media_type: str | None
    size: int
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `target` has the query, `host` is the server name of the connection and Host.

    `keys`: (scheme, consumer) of each API key; `basic`: the same for Authorization: Basic, which excludes a token. `body` None: one that the
    operation takes, if it needs one. As if the consumers file had them, too: `roles`, (consumer, role), and a new key for each of `renewed`.
    """

    method: str
    target: str
    host: str
    now_s: float
    client: str = SOMEWHERE
    token: TokenAsked | None = None
    keys: tuple[tuple[str, str], ...] = ()
    basic: tuple[str, str] | None = None
    certificate: Certificate | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    roles: tuple[tuple[str, str], ...] = ()
    renewed: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def with_token(self, scheme: str, claims: Mapping[str, Any]) -> Asked:
        """With this token in the place of whatever is in Authorization."""
        return replace(self, token=TokenAsked(scheme=scheme, claims=claims), basic=None)

    def with_key(self, scheme: str, consumer: str) -> Asked:
        """With a key of the consumer for the scheme."""
        return replace(self, keys=(*(k for k in self.keys if k[0] != scheme), (scheme, consumer)))

    def with_path(self, path: str) -> Asked:
        """With the same query on another path."""
        _, question, query = self.target.partition("?")
        return replace(self, target=f"{path}{question}{query}")
