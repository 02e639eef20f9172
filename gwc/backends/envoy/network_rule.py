"""Phase 3: a Lua filter in front of all others, which judges the client's address with the shared core.

Not RBAC: that would be a second place that knows what an address is, and no cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence

from gwc.backends.envoy.document import Json
from gwc.controls.network_rule import NetworkRule


def emit(rules: Sequence[NetworkRule]) -> Json:
    """The rules as the shared core wants them: in their order, which gives them their numbers, from 1."""
    numbered = list(enumerate(rules, 1))
    return {
        "network_rules": [{"id": r.id, "kind": r.kind} for r in rules],
        "network_sets": {f"n{n}": list(r.networks) for n, r in numbered},
    }


def content(rule: NetworkRule) -> Json:
    """Everything that the rule says about an operation."""
    return {"kind": rule.kind, "networks": rule.networks}
