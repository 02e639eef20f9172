"""Lanes: everything that the Lua filters do with the requests of a route. Operations that are judged alike share one.

A lane is called by what it does: a route of another policy than the filters names a lane that does the same, or none, which denies.

`gwc.access` does it all, in one run: an empty filter of Lua costs as much as all it does here. The body is left to `gwc.body`, behind it,
where limits of consumers come between, and where the request may have waited for keys: what of a body came meanwhile Envoy gives only to
a filter that has not waited (1.40).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gwc.backends.base import covering
from gwc.backends.envoy import (
    api_key,
    authorization_rule,
    basic,
    body,
    canonical_path,
    chain,
    client_ip,
    consumer,
    forwarding,
    json_schema,
    jwt,
    mutual_tls,
    network_rule,
    security,
    validation,
    zone,
)
from gwc.backends.envoy.authorization_rule import Places
from gwc.backends.envoy.document import Json
from gwc.backends.envoy.lua import lua_filter
from gwc.backends.envoy.lua import per_route as lua_per_route
from gwc.backends.envoy.problem_details import PRIVATE_STATUS
from gwc.backends.envoy.security import Schemes
from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.body import Body
from gwc.controls.security import Security
from gwc.ir import Gateway, Operation

_CARRIERS = ("trimmed", "carrier", "failures", "body")
_VALIDATION = (
    "decimal", "json_value", "json_reader", "pattern", "schema", "percent", "media_type", "multipart", "shape", "style", "deep_object", "reading",
    "parameters", "form", "validation", "response_validation", "envoy_validation",
)  # fmt: skip
_ACCESS = (
    "base64url", "json", "sha256", "jwk", "key_source", "token_cache", "jwt", "api_key", "basic", "mutual_tls", "security", "zone",
    "authorization", "spki", "curve", "envoy_keys",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lane:
    """`rules`: numbers of the rules that cover the operation; `places`: where parameters are that they compare; `network`: of those of phase 3."""

    security: Security
    network: tuple[int, ...]
    rules: tuple[int, ...]
    places: Places
    body: Body


@dataclass(frozen=True, slots=True)
class Lanes:
    """The lanes of a gateway: of each operation by its key, the names that routes call them by, and those whose bodies a filter of their own judges."""

    gateway: Gateway
    schemes: Schemes
    bodies: body.Rules
    of: Mapping[str, Lane]
    names: Mapping[Lane, str]
    split: frozenset[Lane]
    rules: validation.Rules


def collect(gateway: Gateway) -> Lanes:
    """The lanes of the operations, in their order."""
    covered, network = covering(gateway.rules), covering(gateway.network_rules)
    of = {o.key: _lane(gateway.rules, covered.get(o.key, ()), network.get(o.key, ()), o) for o in gateway.operations}
    names = {lane: _name(lane, gateway) for lane in dict.fromkeys(of.values())}
    schemes = security.schemes(gateway)
    split = frozenset(_split(gateway, schemes, names))
    return Lanes(gateway, schemes, body.collect(gateway.operations), of, names, split, validation.collect(gateway))


def _split(gateway: Gateway, schemes: Schemes, lanes: Iterable[Lane]) -> Iterator[Lane]:
    has_limits = bool(consumer.marks(gateway.consumers))
    for lane in lanes:
        is_throttled = has_limits and schemes.knows_consumers(lane.security)
        if is_throttled or (schemes.fetches_keys(lane.security) and lane.body.media_types):
            yield lane


def _lane(rules: Sequence[AuthorizationRule], numbers: tuple[int, ...], network: tuple[int, ...], operation: Operation) -> Lane:
    places = authorization_rule.places((rules[n - 1] for n in numbers), operation.route.template)
    return Lane(security=operation.security, network=network, rules=numbers, places=places, body=operation.body)


def _name(lane: Lane, gateway: Gateway) -> str:
    """A digest of everything that is said about the operation. What schemes, consumers and zones are is the listener's."""
    alternatives = [[[r.scheme, r.scopes] for r in a] for a in lane.security.alternatives]
    covered = authorization_rule.emit([gateway.rules[number - 1] for number in lane.rules])
    admitted = [network_rule.content(gateway.network_rules[number - 1]) for number in lane.network]
    parts = [alternatives, covered, lane.places, body.plain(lane.body), *([admitted] if admitted else [])]
    content = json.dumps(parts, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def network_filters(lanes: Lanes) -> list[Json]:
    """The filter for phase 3, where rules have a say."""
    gateway = lanes.gateway
    if not _has_phase_3(gateway):
        return []
    covered = {name: {"network": list(lane.network)} for lane, name in lanes.names.items() if _is_admitted(lane, gateway)}
    proxies = client_ip.emit(gateway.client_ip, gateway.rate_limits)
    data = {"statuses": dict(PRIVATE_STATUS), "lanes": covered, **network_rule.emit(gateway.network_rules), **proxies}
    made = lua_filter(chain.NETWORK, "network", (*_CARRIERS, "zone", "network_rule", "client_ip"), data, {})
    return [{**made, "disabled": not proxies}]  # the access log says who was refused by routing, too


def _has_phase_3(gateway: Gateway) -> bool:
    return bool(gateway.network_rules or gateway.client_ip)


def _is_admitted(lane: Lane, gateway: Gateway) -> bool:
    """Whether the filter for phase 3 must have let the requests of the lane through."""
    return bool(lane.network or gateway.client_ip)


def access_filter(lanes: Lanes) -> Json:
    """Credentials, security and rules with the core that all Lua hosts share, and the body where nothing comes between."""
    gateway = lanes.gateway
    places = jwt.key_places(gateway.jwts)
    data = {
        **_shared(lanes),
        "lanes": {name: {**_last(lane, lanes), **_first(lane, lanes)} for lane, name in lanes.names.items()},
        "max_uri_bytes": canonical_path.lua_data(gateway.canonical_path),
        "realm": gateway.problem_details.realm,
        "jwts": {control.scheme: jwt.lua_data(control, places) for control in gateway.jwts},
        "api_keys": {control.scheme: api_key.emit(control) for control in gateway.api_keys},
        "basics": {control.scheme: basic.emit(control) for control in gateway.basics},
        "mutual_tls": {control.scheme: mutual_tls.emit(control) for control in gateway.mutual_tls},
        "consumers": consumer.lua_data(gateway.consumers),
        "zones": zone.emit(gateway.zones),
        "rules": authorization_rule.emit(gateway.rules),
    }
    return _filter(chain.ACCESS, "access", _ACCESS, data, [k for k, lane in lanes.of.items() if lane not in lanes.split], lanes)


def body_filters(lanes: Lanes) -> list[Json]:
    """The filter for bodies, where lanes need one of its own."""
    behind = {lanes.names[lane]: _last(lane, lanes) for lane in lanes.names if lane in lanes.split}
    judged = [k for k, lane in lanes.of.items() if lane in lanes.split]
    return [_filter(chain.BODY, "body", (), {**_shared(lanes), "lanes": behind}, judged, lanes)] if behind else []


def _filter(name: str, handler: str, modules: Sequence[str], data: Json, judged: Iterable[str], lanes: Lanes) -> Json:
    """A filter that does phases 8 and 9 of the operations `judged`."""
    rules = lanes.rules
    if not rules.names:
        return lua_filter(name, handler, (*modules, *_CARRIERS), data, {})
    reader = () if "json" in modules else ("json",)
    data = {**data, "validations": rules.named(judged), "shapes": rules.plan.shapes}
    made = {json_schema.MODULE: json_schema.module_text(rules.plan)}
    return lua_filter(name, handler, (*modules, *reader, *_CARRIERS, *_VALIDATION), data, made)


def per_route(lanes: Lanes) -> Mapping[str, Json]:
    """The filters that the route of each operation turns on, by its key. Operations of one lane and one rule share theirs."""
    made: dict[tuple[Lane, str], Json] = {}
    for key, lane in lanes.of.items():
        rule = lanes.rules.names.get(key, "")
        if (lane, rule) not in made:
            made[lane, rule] = _turned_on(lane, rule, lanes)
    return {key: made[lane, lanes.rules.names.get(key, "")] for key, lane in lanes.of.items()}


def _turned_on(lane: Lane, rule: str, lanes: Lanes) -> Json:
    """`rule`: of phase 9; empty where nothing is validated."""
    context = lua_per_route(lane=lanes.names[lane], **({"rule": rule} if rule else {}))
    judged = lanes.schemes.natively_judged(lane.security)
    return {
        **({chain.NETWORK: lua_per_route(lane=lanes.names[lane])} if _is_admitted(lane, lanes.gateway) else {}),
        **({chain.TOKENS: jwt.per_route(judged)} if judged else {}),
        chain.ACCESS: context,
        **({chain.BODY: context} if lane in lanes.split else {}),
    }


def requirements(lanes: Lanes) -> set[tuple[str, ...]]:
    """The sets of token schemes that `jwt_authn` judges together."""
    found = {lanes.schemes.natively_judged(lane.security) for lane in lanes.names}
    return {schemes for schemes in found if schemes}


def _shared(lanes: Lanes) -> Json:
    return {
        "statuses": dict(PRIVATE_STATUS),
        "bodies": body.emit(lanes.bodies),
        "removed": forwarding.lua_data(lanes.gateway.forwarding),
    }


def _first(lane: Lane, lanes: Lanes) -> Json:
    """Phases 5 and 6. Of a public operation nobody's credentials are looked at."""
    token = _only_token(lane, lanes)
    return {
        **({"token": token} if token else {}),
        **({} if lane.security.is_public else {"security": security.emit(lane.security, lanes.schemes)}),
        "rules": list(lane.rules),
        "places": authorization_rule.lua_places(lane.places),
        "is_split": lane in lanes.split,
        **({"is_behind_rules": True} if _is_admitted(lane, lanes.gateway) else {}),
        "forwards_tokens": lanes.schemes.forwards_tokens(lane.security),
    }


def _only_token(lane: Lane, lanes: Lanes) -> str:
    """The scheme of the token that alone decides about a caller; empty when anything else of the request counts, too."""
    rules = [lanes.gateway.rules[number - 1] for number in lane.rules]
    tokens = lanes.schemes.tokens(lane.security)
    is_alone = len(tokens) == len(lane.security.schemes) == 1 and all(authorization_rule.is_about_tokens(rule) for rule in rules)
    return tokens[0].scheme if is_alone else ""


def _last(lane: Lane, lanes: Lanes) -> Json:
    """Phase 8."""
    return {"body": lanes.bodies[lane.body]}
