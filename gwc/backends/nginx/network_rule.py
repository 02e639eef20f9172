"""Phase 3 on NGINX: `geo` for each rule, and maps that put the page of a refusal in the place of the operation's lane.

They are judged while NGINX looks for the lane: before `limit_req` counts and before the script runs, and also where no script runs.
"""

from __future__ import annotations

from gwc.backends.base import covering
from gwc.backends.nginx.fragments import CONFIGURATION, Anchor, Fragments, Lines
from gwc.backends.nginx.plan import Plan, admitted_variable, lane_variable, problem_location
from gwc.backends.nginx.quoting import argument, javascript
from gwc.backends.nginx.routing import asked
from gwc.backends.nginx.zone import networks_of
from gwc.controls.network_rule import NetworkRule
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """A variable for each rule, one for each set of rules that operations have, and the lane of those whom they let through."""
    rules = plan.gateway.network_rules
    if not rules:
        return Fragments()
    covered = covering(rules)
    sets = {numbers: f"$gwc_admitted_{n}" for n, numbers in enumerate(dict.fromkeys(covered.values()))}
    http = (
        *(line for number, rule in enumerate(rules, 1) for line in _rule(number, rule)),
        *(line for numbers, variable in sets.items() for line in _all_of(numbers, variable)),
        Verbatim('map "$gwc_template $gwc_method" $gwc_admitted {'),
        Verbatim("  default 1;"),  # what is no operation ends at a page of its own
        *(Verbatim(f"  {argument(words)} {sets[covered[key]]};") for words, key in asked(plan) if key in covered),
        Verbatim("}"),
        Verbatim(f"map $gwc_admitted {admitted_variable(plan.gateway)} {{"),
        Verbatim(f"  default {argument(problem_location('network.denied'))};"),
        Verbatim(f"  1 {lane_variable(plan.gateway)};"),
        Verbatim("}"),
    )
    anchors = tuple(Anchor(rule.id, CONFIGURATION, _rule(n, rule)[0]) for n, rule in enumerate(rules, 1))
    return Fragments(http=http, anchors=anchors)


def _rule(number: int, rule: NetworkRule) -> Lines:
    """1 where the rule lets the address through."""
    inside, outside = (1, 0) if rule.kind == "allow" else (0, 1)
    return networks_of(f"$gwc_network_{number}", rule.networks, javascript(rule.id), inside=inside, outside=outside)


def _all_of(numbers: tuple[int, ...], variable: str) -> Lines:
    """1 where all of the rules let the address through."""
    words = "".join(f"$gwc_network_{n}" for n in numbers)
    return (Verbatim(f'map "{words}" {variable} {{ default 0; {"1" * len(numbers)} 1; }}'),)
