"""Rules about where requests may come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gwc.controls.network_rule import Kind, NetworkRule, NetworkRuleSpec, admitted
from gwc.controls.networks import addresses, canonical
from gwc.controls.spec import Located
from gwc.controls.zone import Zone
from gwc.diagnostics import Label
from gwc.lowering.context import Context, Served
from gwc.lowering.restrictions import selected
from gwc.policy.models import BaselineSpec, PolicySpec


def rules(ctx: Context, served: list[Served], zones: Sequence[Zone]) -> tuple[NetworkRule, ...]:
    """The rules of the policy and its baselines, by id; all that cover an operation apply to it."""
    known, found = {z.name: z for z in zones}, dict[str, NetworkRule]()
    for kind, spec, place in _given(ctx):
        keys = selected(ctx, spec.operations, served, place.at("operations"))
        networks = _networks(ctx, spec, place, known)
        if not keys or not networks:
            continue
        rule = NetworkRule(at=place.span, id=spec.id, kind=kind, networks=networks, operations=keys)
        if found.setdefault(rule.id, rule) is not rule:
            ctx.findings.error("GWC702", f"two network rules have the id {rule.id!r}", rule.span, Label(found[rule.id].span, "first here"))
    ordered = tuple(found[name] for name in sorted(found))
    _warn(ctx, ordered)
    return ordered


def _given(ctx: Context) -> Iterator[tuple[Kind, NetworkRuleSpec, Located]]:
    levels: list[tuple[PolicySpec | BaselineSpec, Located]] = [(ctx.spec, ctx.place), *ctx.baselines]
    for spec, place in levels:
        for i, rule in enumerate(spec.network.allow):
            yield "allow", rule, place.at("network", "allow", i)
        for i, rule in enumerate(spec.network.deny):
            yield "deny", rule, place.at("network", "deny", i)


def _networks(ctx: Context, spec: NetworkRuleSpec, place: Located, known: Mapping[str, Zone]) -> tuple[str, ...]:
    """The networks of the rule and its zones; findings for zones that are not there."""
    for i, name in enumerate(spec.zones or ()):
        if name not in known:
            text = f"network rule {spec.id!r}: zone {name!r} is not defined"
            ctx.findings.error("GWC702", text, place.at("zones", i).span(), help=f"known zones: {', '.join(sorted(known)) or 'none'}")
    of_zones = [n for name in spec.zones or () if name in known for n in known[name].networks]
    return canonical([*of_zones, *(spec.networks or ())])


def _together(found: tuple[NetworkRule, ...]) -> dict[tuple[NetworkRule, ...], str]:
    """The sets of rules that operations have, and an operation of each."""
    keys = sorted({key for rule in found for key in rule.operations}, reverse=True)
    return {tuple(rule for rule in found if key in rule.operations): key for key in keys}


def _warn(ctx: Context, found: tuple[NetworkRule, ...]) -> None:
    """Rules that refuse nobody, rules that have no effect beside the others, and operations that nobody may call."""
    for rule in found:
        if not ~rule.admitted:
            ctx.findings.warning("GWC703", f"network rule {rule.id!r} lets everybody through", rule.span)
    has_effect: set[str] = set()
    for covered, key in _together(found).items():
        if not admitted(covered):
            text = f"{key} can be called by nobody: {', '.join(r.id for r in covered)} let no address through together"
            ctx.findings.warning("GWC703", text, covered[-1].span)
        allowed = admitted(tuple(r for r in covered if r.kind == "allow"))
        has_effect |= {r.id for r in covered if r.kind == "allow" or addresses(r.networks) & allowed}
    for rule in found:
        if rule.id not in has_effect:
            text = f"network rule {rule.id!r} never refuses anybody: its networks are in no allow rule of its operations"
            ctx.findings.warning("GWC703", text, rule.span)
