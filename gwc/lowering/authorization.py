"""Zones, and rules about who may call what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gwc.controls import zone
from gwc.controls.authorization_rule import STANDARD_CLAIMS, AuthorizationRule, OperationRuleSpec, conditions, references, side
from gwc.controls.routing import parameter_place, parse_template
from gwc.controls.side import PathSide
from gwc.controls.spec import Located
from gwc.controls.zone import Zone
from gwc.diagnostics import Label
from gwc.ir import Operation
from gwc.lowering.authentication import Bindings
from gwc.lowering.context import Context, Served, operation_id
from gwc.lowering.restrictions import selected
from gwc.policy.models import BaselineSpec, PolicySpec


def zones(ctx: Context) -> tuple[Zone, ...]:
    """The zones of the policy and its baselines, by name; a name that two of them give is a finding."""
    found: dict[str, Zone] = {}
    for spec, place in _levels(ctx):
        for name, networks in sorted(spec.network.zones.items()):
            one = zone.lower(name, networks, place.at("network", "zones", name), ctx.findings)
            if found.setdefault(name, one) is not one:
                ctx.findings.error("GWC701", f"zone {name!r} is there twice", one.span, Label(found[name].span, "first here"))
    return tuple(found[name] for name in sorted(found))


def _levels(ctx: Context) -> list[tuple[PolicySpec | BaselineSpec, Located]]:
    """The policy and its baselines."""
    return [(ctx.spec, ctx.place), *ctx.baselines]


@dataclass(frozen=True, slots=True)
class _Given:
    """A rule as it was written, and the operations that it covers."""

    spec: OperationRuleSpec
    place: Located
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _World:
    """What rules refer to. `operations` and `served` by key."""

    operations: Mapping[str, Operation]
    served: Mapping[str, Served]
    bound: Bindings
    zones: Sequence[Zone]


def rules(
    ctx: Context, served: list[Served], operations: Sequence[Operation], bound: Bindings, known_zones: Sequence[Zone]
) -> tuple[AuthorizationRule, ...]:
    """The rules of the policy, its baselines and its operations, by id; all that cover an operation apply to it."""
    world = _World({o.key: o for o in operations}, {s.key: s for s in served}, bound, known_zones)
    found: dict[str, AuthorizationRule] = {}
    for given in _given(ctx, served):
        rule = _lower(given)
        _check(ctx, rule, given, world)
        if found.setdefault(rule.id, rule) is not rule:
            ctx.findings.error("GWC307", f"two rules have the id {rule.id!r}", rule.span, Label(found[rule.id].span, "first here"))
    return tuple(found[name] for name in sorted(found))


def _given(ctx: Context, served: list[Served]) -> Iterator[_Given]:
    for spec, place in _levels(ctx):
        for i, rule in enumerate(spec.authorization.rules):
            at = place.at("authorization", "rules", i)
            keys = selected(ctx, rule.operations, served, at.at("operations"))
            if keys:
                yield _Given(rule, at, keys)
    for name, own in sorted(ctx.spec.operations.items()):
        keys = tuple(sorted(s.key for s in served if operation_id(s.source) == name))
        for i, one in enumerate(own.authorization.rules if keys else ()):
            yield _Given(one, ctx.place.at("operations", name, "authorization", "rules", i), keys)


def _lower(given: _Given) -> AuthorizationRule:
    require = given.spec.require
    sides = [side(text) for text in require.equal or ()]
    return AuthorizationRule(
        at=given.place.span,
        id=given.spec.id,
        operations=given.keys,
        scopes=_names(require.scopes),
        roles=_names(require.roles),
        consumers=_names(require.consumers),
        zones=_names(require.zones),
        claims=conditions(require.claims or {}),
        equal=((sides[0], sides[1]),) if sides else (),
    )


def _names(values: list[str] | None) -> tuple[str, ...]:
    return tuple(sorted(set(values or ())))


def _check(ctx: Context, rule: AuthorizationRule, given: _Given, world: _World) -> None:
    """Findings for everything in the rule that refers to nothing, or that no caller could ever have."""
    require = given.place.at("require")
    for kind, known in (("zones", {z.name for z in world.zones}), ("consumers", {c.id for c in world.bound.consumers})):
        for name in getattr(rule, kind):
            if name not in known:
                ctx.findings.error("GWC308", f"rule {rule.id!r}: {kind[:-1]} {name!r} is not defined", require.at(kind).span())
    if len(rule.equal) == 1 and rule.equal[0][0] == rule.equal[0][1]:
        ctx.findings.error("GWC307", f"rule {rule.id!r} compares a thing with itself", require.at("equal").span())
    for key in rule.operations:
        if key in world.operations:
            _check_operation(ctx, rule, world.operations[key], require, world)
            _check_parameters(ctx, rule, world.served[key], require)


def _check_operation(ctx: Context, rule: AuthorizationRule, operation: Operation, require: Located, world: _World) -> None:
    """What the rule needs must be within reach of a caller of the operation."""
    tokens = [j for j in world.bound.jwts if j.scheme in operation.security.schemes]
    others = world.bound.consumer_schemes & set(operation.security.schemes)
    reason = ""
    if operation.security.is_public and (rule.scopes or rule.roles or rule.consumers or rule.claims or rule.equal):
        reason = "is public, so that nobody is known there"
    elif not tokens and (rule.scopes or references(rule)):
        reason = "takes no tokens, so that nobody could have scopes or claims there"
    elif not others and rule.consumers:
        reason = "takes no credentials of consumers"
    elif rule.roles and not others and not any(j.roles_claim for j in tokens):
        reason = "takes only tokens whose roles are nowhere: say where with authentication.<scheme>.claims.roles"
    if reason:
        where = Label(operation.route.span, "this operation")
        ctx.findings.error("GWC309", f"rule {rule.id!r} would refuse everybody: {operation.id} {reason}", require.span(), where)
    for jwt in tokens:
        for name in references(rule):
            if name not in STANDARD_CLAIMS and name not in dict(jwt.claims):
                text = f"rule {rule.id!r}: no claim is named {name!r} for tokens of {jwt.scheme!r}"
                help_text = f"add authentication.{jwt.scheme}.claims.{name}; without it rules know {', '.join(STANDARD_CLAIMS)}"
                ctx.findings.error("GWC308", text, require.span(), Label(jwt.span, "these tokens"), help=help_text)


def _check_parameters(ctx: Context, rule: AuthorizationRule, served: Served, require: Located) -> None:
    """Path parameters must be in the operation's own template, at the place where the template that is routed by has them."""
    own = parse_template(ctx.spec.apis[served.api].base_path, served.source.path)
    for name in sorted({s.name for pair in rule.equal for s in pair if isinstance(s, PathSide)}):
        try:
            same = parameter_place(own, name) == parameter_place(served.template, name)
        except ValueError as error:
            same, why = False, str(error)
        else:
            why = f"{own.text} is served as {served.template.text}, where {name!r} is another part"
        if not same:
            ctx.findings.error(
                "GWC308", f"rule {rule.id!r}: {why}", require.at("equal").span(), Label(served.source.path_span, "this path")
            )
