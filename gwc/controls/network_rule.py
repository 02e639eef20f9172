"""Phase 3: who may come from where, before anything is counted or verified.

Every rule that covers an operation must let the request through, so the order never matters and a rule more never lets a new request in: the
client's address must be in the networks of every covering `allow` rule and in those of no covering `deny` rule, else 403 `network.denied`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from gwc.controls.base import Node, Place
from gwc.controls.networks import EVERYWHERE, AddressSet, CidrText, addresses
from gwc.controls.selector import SelectorSpec
from gwc.controls.spec import Name, Spec

Kind = Literal["allow", "deny"]


class NetworkRuleSpec(Spec):
    """A rule of `network.allow` or `network.deny`: about addresses of `zones` and `networks` together, for the chosen operations, or all."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    id: Name
    operations: SelectorSpec | None = None
    zones: Annotated[list[str], Field(min_length=1)] | None = None
    networks: Annotated[list[CidrText], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.zones is None and self.networks is None:
            raise ValueError("a network rule needs zones or networks: an empty set would be everybody or nobody")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRule(Node):
    """`allow`: only these networks may call `operations`; `deny`: these networks may not.

    An IPv4 address that arrives mapped into IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    """

    STEM: ClassVar[str] = "network_rule"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "network_rules"

    id: str
    kind: Kind
    networks: tuple[str, ...]  # canonical, those of zones among them, never empty
    operations: tuple[str, ...]  # keys, sorted, never empty

    @property
    def admitted(self) -> AddressSet:
        """The addresses that the rule lets through."""
        named = addresses(self.networks)
        return named if self.kind == "allow" else ~named


def admitted(rules: tuple[NetworkRule, ...]) -> AddressSet:
    """The addresses that all of the rules let through."""
    found = EVERYWHERE
    for rule in rules:
        found &= rule.admitted
    return found


_OPS = ("orders.getOrder",)
EXAMPLES = (
    NetworkRule(id="office", kind="allow", networks=("10.20.0.0/16",), operations=_OPS),
    NetworkRule(id="other", kind="allow", networks=("10.20.0.0/16",), operations=_OPS),
    NetworkRule(id="office", kind="deny", networks=("10.20.0.0/16",), operations=_OPS),
    NetworkRule(id="office", kind="allow", networks=("10.20.0.0/16", "2001:db8::/32"), operations=_OPS),
    NetworkRule(id="office", kind="allow", networks=("10.20.0.0/16",), operations=("orders.getHealth", "orders.getOrder")),
)
