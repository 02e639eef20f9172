"""Phase 3: the plugin judges the rules, before it counts anything. The bundled ip-restriction runs after authentication."""

from __future__ import annotations

from gwc.backends.base import covering
from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """The rules by their number, and for each operation the numbers of those that cover it."""
    rules = dict(enumerate(gateway.network_rules, 1))
    covered = covering(gateway.network_rules)
    return Fragment(
        data=(
            Member("network_rules", {n: {"id": r.id, "kind": r.kind} for n, r in rules.items()}, {n: r.id for n, r in rules.items()}),
            Member("network_sets", {f"n{n}": {} for n in rules}),
        ),
        fillings=tuple(Filling(("network_sets", f"n{n}"), tuple(enumerate(r.networks, 1))) for n, r in rules.items()),
        operations={o.key: {"network": list(covered.get(o.key, ()))} for o in gateway.operations},
    )
