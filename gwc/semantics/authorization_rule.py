"""Phase 6: the rules that cover an operation. All of them must hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from gwc.controls.authorization_rule import MAX_WHOLE_NUMBER, AuthorizationRule, ClaimCondition, ClaimSide, Side
from gwc.controls.routing import parameter_place
from gwc.controls.side import PathSide
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import jwt
from gwc.semantics.answers import Fault, fault
from gwc.semantics.identity import Identity
from gwc.semantics.zone import zones_of


def find_faults(gateway: Gateway, operation: Operation, identity: Identity, path: str, client: str) -> Iterator[Fault]:
    """What the rules refuse the request for."""
    for rule in gateway.rules:
        if operation.key in rule.operations:
            yield from _refused(rule, gateway, operation, identity, path, client)


def _refused(
    rule: AuthorizationRule, gateway: Gateway, operation: Operation, identity: Identity, path: str, client: str
) -> Iterator[Fault]:
    if not set(rule.scopes) <= identity.scopes:
        challenge = f'Bearer realm="{gateway.problem_details.realm}", error="insufficient_scope"'
        yield fault("authz.scope", ("www-authenticate", challenge))
    if rule.roles and not set(rule.roles) & identity.roles:
        yield fault("authz.role")
    if rule.consumers and identity.consumer not in rule.consumers:
        yield fault("authz.consumer")
    if rule.zones and not set(rule.zones) & zones_of(gateway.zones, client):
        yield fault("authz.zone")
    if not all(_holds(c, identity) for c in rule.claims):
        yield fault("authz.claim")
    for sides in rule.equal:
        texts = [text_of(side, operation, identity, path) for side in sides]
        if None in texts or texts[0] != texts[1]:
            yield fault("authz.object")


def _holds(condition: ClaimCondition, identity: Identity) -> bool:
    found = claim_of(identity, condition.name)
    if condition.kind == "oneOf":
        return _is_one_of(found, condition)
    return isinstance(found, list) and any(_is_one_of(x, condition) for x in found)


def _is_one_of(found: Any, condition: ClaimCondition) -> bool:
    if isinstance(found, bool | str):
        return any(type(found) is type(v) and found == v for v in condition.values)
    if not isinstance(found, int | float) or abs(found) > MAX_WHOLE_NUMBER:
        return False
    return any(not isinstance(v, bool | str) and float(found) == float(v) for v in condition.values)


def claim_of(identity: Identity, name: str) -> Any:
    """The claim by the path of the first scheme that the token was verified for."""
    if not identity.tokens:
        return None
    control, token = identity.tokens[0]
    return jwt.claim(token.payload or {}, dict(control.claims).get(name, (name,)))


def text_of(side: Side, operation: Operation, identity: Identity, path: str) -> bytes | None:
    """The text of one side of an `equal`; None when there is none."""
    if isinstance(side, ClaimSide):
        found = claim_of(identity, side.name)
        return found.encode("utf-8") if isinstance(found, str) else None
    if isinstance(side, PathSide):
        place = parameter_place(operation.route.template, side.name)
        segment = path[1:].split("/")[place.index]
        return unquote_to_bytes(segment.removeprefix(place.prefix).removesuffix(place.suffix))
    return identity.consumer.encode("ascii") if identity.consumer != "-" else None
