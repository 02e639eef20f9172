"""Phase 6: the rules of the policy, decided by the plugin. The bundled acl knows groups of consumers only."""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.base import covering
from gwc.backends.kong.fragment import Filling, Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.authorization_rule import AuthorizationRule, ClaimSide, Side
from gwc.controls.routing import Template, parameter_place
from gwc.controls.side import PathSide
from gwc.ir import Gateway, Operation


def emit(gateway: Gateway) -> Fragment:
    """The rules by number, and for each operation the numbers of those that cover it and where its compared parameters are."""
    numbered, covered = dict(enumerate(gateway.rules, 1)), covering(gateway.rules)
    return Fragment(
        data=(Member("rules", {}),),
        fillings=(Filling(("rules",), tuple((n, _rule(r)) for n, r in numbered.items()), {n: r.id for n, r in numbered.items()}),),
        operations={o.key: _of_operation(o, {n: numbered[n] for n in covered.get(o.key, ())}) for o in gateway.operations},
    )


def _of_operation(operation: Operation, rules: Mapping[int, AuthorizationRule]) -> Mapping[str, LuaValue]:
    sides = (s for r in rules.values() for pair in r.equal for s in pair)
    names = sorted({s.name for s in sides if isinstance(s, PathSide)})
    return {"rules": list(rules), "places": {name: _place(operation.route.template, name) for name in names}}


def _place(template: Template, name: str) -> LuaValue:
    place = parameter_place(template, name)
    return {"segment": place.index + 1, "prefix": place.prefix, "suffix": place.suffix}


def _rule(rule: AuthorizationRule) -> LuaValue:
    return {
        "id": rule.id,
        "scopes": rule.scopes,
        "roles": rule.roles,
        "consumers": rule.consumers,
        "zones": rule.zones,
        "claims": [{"name": c.name, "kind": c.kind, "values": c.values} for c in rule.claims],
        "equal": [[_side(s) for s in pair] for pair in rule.equal],
    }


def _side(side: Side) -> LuaValue:
    if isinstance(side, ClaimSide):
        return {"kind": "claim", "name": side.name}
    return {"kind": "path", "name": side.name} if isinstance(side, PathSide) else {"kind": "consumer"}
