"""Who was verified, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gwc.controls.jwt import Jwt
from gwc.ir.gateway import Gateway
from gwc.semantics.jwt import Token, texts_of


@dataclass(frozen=True, slots=True)
class Identity:
    """`schemes`: what was verified, with the scopes that it grants. `tokens`: the token beside each scheme that it was verified for, by name.

    `consumers`: ids of everybody whose credential was verified: more than one is a fault.
    """

    schemes: Mapping[str, frozenset[str]]
    tokens: tuple[tuple[Jwt, Token], ...] = ()
    consumers: frozenset[str] = frozenset()
    consumer_roles: frozenset[str] = frozenset()

    @property
    def subject(self) -> str:
        """`sub` of the token, "-" for none."""
        return str((self.tokens[0][1].payload or {})["sub"]) if self.tokens else "-"

    @property
    def consumer(self) -> str:
        """The one consumer, "-" for none."""
        return next(iter(self.consumers)) if len(self.consumers) == 1 else "-"

    @property
    def scopes(self) -> frozenset[str]:
        """What all verified tokens grant."""
        return frozenset().union(*self.schemes.values())

    @property
    def roles(self) -> frozenset[str]:
        """Those of the token and of the consumer."""
        of_token = (texts_of(token.payload or {}, control.roles_claim) for control, token in self.tokens)
        return self.consumer_roles.union(*of_token)


NOBODY = Identity({})


def roles_of(gateway: Gateway, consumers: frozenset[str]) -> frozenset[str]:
    """The roles of the only consumer; none for several."""
    if len(consumers) != 1:
        return frozenset()
    return frozenset(role for c in gateway.consumers if c.id in consumers for role in c.roles)
