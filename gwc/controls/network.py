"""`network`: the zones of a policy, and rules about where requests may come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gwc.controls.network_rule import NetworkRuleSpec
from gwc.controls.networks import CidrText
from gwc.controls.segmentation import EgressSpec
from gwc.controls.spec import Name, Spec


class NetworkSpec(Spec):
    """`network`. Zone -> networks; bits beyond the prefix must be zero."""

    zones: dict[Name, Annotated[list[CidrText], Field(min_length=1)]] = {}
    allow: list[NetworkRuleSpec] = []
    deny: list[NetworkRuleSpec] = []


class PolicyNetworkSpec(NetworkSpec):
    """`network` of a policy, which also says what the gateway may reach."""

    egress: EgressSpec | None = None
