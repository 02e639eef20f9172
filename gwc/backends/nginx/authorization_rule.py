"""Phase 6 on NGINX: what the rules of the policy require, for each rule of the script; runtime/js/authorization.js decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Demand, Plan
from gwc.backends.nginx.quoting import javascript, member
from gwc.controls.authorization_rule import ClaimSide, Side
from gwc.controls.routing import ParameterPlace
from gwc.controls.side import PathSide
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """A member `rules` in every rule of the script, null without any."""
    rules = tuple(_member(plan, number, rule.demands) for number, rule in enumerate(plan.rules))
    anchors = tuple(Anchor(rule.id, POLICY, rules[plan.rule_of[rule.operations[0]]]) for rule in plan.gateway.rules)
    return Fragments(rules=rules, anchors=anchors)


def _member(plan: Plan, number: int, demands: tuple[Demand, ...]) -> Verbatim:
    required = [_requirement(plan, demand) for demand in demands]
    named = f": {javascript([demand.rule.id for demand in demands])}" if demands else ""
    return Verbatim(member("rules", required or None, number) + named)


def _requirement(plan: Plan, demand: Demand) -> dict[str, Any]:
    """Only what is required; zones by their numbers."""
    rule, places = demand.rule, dict(demand.places)
    zones = [zone.name for zone in plan.gateway.zones]
    required = {
        "scopes": rule.scopes,
        "roles": rule.roles,
        "consumers": rule.consumers,
        "zones": [zones.index(name) for name in rule.zones],
        "claims": [[c.name, c.kind, c.values] for c in rule.claims],
        "equal": [[_side(side, places) for side in sides] for sides in rule.equal],
    }
    return {name: value for name, value in required.items() if value}


def _side(side: Side, places: Mapping[str, ParameterPlace]) -> list[str | int]:
    if isinstance(side, ClaimSide):
        return ["claim", side.name]
    if isinstance(side, PathSide):
        place = places[side.name]
        return ["path", place.index, place.prefix, place.suffix]
    return ["consumer"]
