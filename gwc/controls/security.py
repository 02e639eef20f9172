"""Phases 5 and 6: who may call an operation, exactly as OpenAPI's `security` says: one of several alternatives, each a set of schemes.

A credential that is presented for a scheme of the operation must be valid, even where another alternative would do: a
broken token beside a good API key is 401. (Of several JWT schemes of one operation, the token must be valid for one.) Then one alternative must hold with all its schemes and scopes. When none has
all its credentials: 401 `authn.missing`; when one has them, but not its scopes: 403 `authz.scope`. Credentials of two different consumers in one
request: 403 `authz.consumer`.

Bearer tokens and Basic share the Authorization header: where an operation takes both, a value that begins with `Basic ` is one for Basic,
anything else a token; where it takes one of them, every value is one for that.

The alternative `{}` holds for everybody: with it, credentials are optional, but one that is presented must be valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A scheme that must have verified the caller, with all of `scopes` (sorted; empty for all but tokens)."""

    scheme: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security(Node):
    """`alternatives`: OR of ANDs; each alternative is sorted by scheme. No alternative at all: the operation is public. An empty one, beside
    others: anonymous callers may use it, too.

    Public or anonymous only because the document says `security: []` or has `{}`, and the policy lists the operation in
    `authorization.public`: both, or an error.
    """

    STEM: ClassVar[str] = "security"
    PLACE: ClassVar[Place] = "operation"
    FIELD: ClassVar[str] = "security"

    alternatives: tuple[tuple[Requirement, ...], ...]

    @property
    def is_public(self) -> bool:
        """Whether no credential is asked for."""
        return not self.alternatives

    @property
    def is_optional(self) -> bool:
        """Whether callers without any credential are let in, too."""
        return () in self.alternatives

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes that any alternative names, sorted."""
        return tuple(sorted({r.scheme for a in self.alternatives for r in a}))


def lower(alternatives: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...], at: Callable[[], Span]) -> Security:
    """The node of OpenAPI's list of (scheme, scopes); the order of alternatives, schemes and scopes does not matter."""
    lowered = {
        tuple(Requirement(scheme=scheme, scopes=tuple(sorted(set(scopes)))) for scheme, scopes in sorted(alternative))
        for alternative in alternatives
    }
    if lowered == {()}:
        lowered = set()
    return Security(at=at, alternatives=tuple(sorted(lowered, key=lambda a: [(r.scheme, r.scopes) for r in a])))


def _one(scheme: str, *scopes: str) -> tuple[Requirement, ...]:
    return (Requirement(scheme=scheme, scopes=scopes),)


EXAMPLES = (
    Security(alternatives=(_one("oauth", "orders:read"),)),
    Security(alternatives=(_one("oauth", "orders:read", "orders:write"),)),
    Security(alternatives=(_one("oauth"),)),
    Security(alternatives=(_one("partnerKey"),)),
    Security(alternatives=(_one("oauth", "orders:read"), _one("partnerKey"))),
    Security(alternatives=(_one("oauth", "orders:read") + _one("partnerKey"),)),
    Security(alternatives=()),
    Security(alternatives=((), _one("oauth", "orders:read"))),
)
