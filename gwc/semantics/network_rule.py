"""Phase 3: the rules about where requests may come from. All that cover the operation must let the address through."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.ir.gateway import Gateway, Operation
from gwc.semantics.answers import Fault, fault
from gwc.semantics.zone import address_of, is_in


def find_faults(gateway: Gateway, operation: Operation, client: str) -> Iterator[Fault]:
    """A fault for each rule that refuses the address."""
    address = address_of(client)
    for rule in gateway.network_rules:
        if operation.key in rule.operations and is_in(rule.networks, address) == (rule.kind == "deny"):
            yield fault("network.denied")
