"""What several emitters must agree on: servers, rules of the script, names of locations and groups, who counts a limit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gwc.backends import validation_plan
from gwc.backends.base import covering
from gwc.backends.nginx.parameter import details, is_bare
from gwc.backends.validation_plan import Json, ValidationPlan
from gwc.controls.authorization_rule import AuthorizationRule
from gwc.controls.base import FileRef
from gwc.controls.body import Body
from gwc.controls.json_schema import Shape
from gwc.controls.rate_limit import RateLimit
from gwc.controls.routing import ParameterPlace, parameter_place
from gwc.controls.security import Security
from gwc.controls.side import PathSide
from gwc.ir import Gateway, Operation
from gwc.jsonschema.js import Printer

_T = TypeVar("_T")
RESERVED = "/|gwc/"
"""Where the gateway's own locations live. No client can ask for them: the canonical grammar has no bar in a path."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A rule of the policy as it is for some operation. `places`: where the path parameters are that it compares, by name."""

    rule: AuthorizationRule
    places: tuple[tuple[str, ParameterPlace], ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request to some operation takes of a limit. `places`: where the path parameters are that the limit counts by, by name."""

    limit: RateLimit
    tokens: int
    places: tuple[tuple[str, ParameterPlace], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the script decides with; operations that agree in all of it share one. `charges`: those of the limits that the script counts.

    `validation`: the rule of the validation plan as JSON, empty where there is nothing to validate. `is_bare`: no request without a query and
    without escapes in its path can be wrong in its parameters.
    """

    security: Security
    body: Body
    charges: tuple[Charge, ...]
    demands: tuple[Demand, ...]
    upstream: str
    validation: str
    is_bare: bool

    @property
    def is_open(self) -> bool:
        """Whether the script has nothing to say about a request without a body: a public operation needs no script then."""
        return self.security.is_public and self.is_simple

    @property
    def is_simple(self) -> bool:
        """Whether nothing but `security` decides about a request without a body, without a query and without escapes in its path."""
        return not self.charges and not self.demands and not self.body.required and self.is_bare


@dataclass(frozen=True, slots=True)
class Lane:
    """What is left to NGINX after the operation is known; a location for each. `limit`: the one that NGINX counts.

    Not a location for each operation: `keepalive .. local` shares connections within a location only. `announces`: answers may have RateLimit fields.
    """

    upstream: str
    max_bytes: int
    limit: RateLimit | None
    announces: bool


@dataclass(frozen=True, slots=True)
class Server:
    """Host names with the same operations and the same certificate, sorted. `pair`: certificate and private key."""

    names: tuple[str, ...]
    operations: tuple[Operation, ...]
    pair: tuple[FileRef, FileRef]


@dataclass(frozen=True, slots=True)
class Plan:
    """The gateway and what follows from it. `rule_of`, `lane_of`: index in `rules` and `lanes` by the operation's key.

    `consumers`: everybody to whom a credential belongs, id -> number in the output, sorted.
    """

    gateway: Gateway
    servers: tuple[Server, ...]
    rules: tuple[Rule, ...]
    rule_of: dict[str, int]
    lanes: tuple[Lane, ...]
    lane_of: dict[str, int]
    consumers: dict[str, int]
    validation: ValidationPlan
    schemas: Printer


def make_plan(gateway: Gateway) -> Plan:
    """The plan; the order of everything follows that of the gateway."""
    scripted = [limit for limit in gateway.rate_limits if not is_native(gateway, limit)]
    native = {key: limit for limit in gateway.rate_limits if limit not in scripted for key in limit.operations}
    limited, covered = covering(scripted), covering(gateway.rules)
    validation = validation_plan.make_plan(gateway)
    schemas, shapes = Printer(validation.table), gateway.json_schema.shapes
    numbers = [schemas.root(root) for root in validation.roots]
    rules, rule_of = _numbered(
        {
            o.key: Rule(
                o.security,
                o.body,
                tuple(_charge(scripted[n - 1], o) for n in limited.get(o.key, ())),
                tuple(_demand(gateway.rules[n - 1], o) for n in covered.get(o.key, ())),
                o.upstream,
                _validation(validation, o, numbers, shapes),
                all(is_bare(p, o.validation.limits, gateway.canonical_path.max_uri_bytes, shapes) for p in o.validation.parameters),
            )
            for o in gateway.operations
        }
    )
    announced = {key for limit in gateway.rate_limits if limit.has_fields for key in limit.operations}
    lanes, lane_of = _numbered(
        {o.key: Lane(o.upstream, o.body.max_bytes, native.get(o.key), o.key in announced) for o in gateway.operations}
    )
    return Plan(gateway, _servers(gateway), rules, rule_of, lanes, lane_of, _consumers(gateway), validation, schemas)


def _numbered(values: dict[str, _T]) -> tuple[tuple[_T, ...], dict[str, int]]:
    """The different values in the order of their first use, and the index of each key's value."""
    numbers = {value: n for n, value in enumerate(dict.fromkeys(values.values()))}
    return tuple(numbers), {key: numbers[value] for key, value in values.items()}


def _charge(limit: RateLimit, operation: Operation) -> Charge:
    names = sorted(part.name for part in limit.key if isinstance(part, PathSide))
    places = tuple((name, parameter_place(operation.route.template, name)) for name in names)
    return Charge(limit, dict(limit.costs)[operation.key], places)


def _demand(rule: AuthorizationRule, operation: Operation) -> Demand:
    names = sorted({side.name for sides in rule.equal for side in sides if isinstance(side, PathSide)})
    return Demand(rule, tuple((name, parameter_place(operation.route.template, name)) for name in names))


def _validation(plan: ValidationPlan, operation: Operation, numbers: Sequence[int], shapes: tuple[Shape, ...]) -> str:
    """The rule without answers, which NGINX doesn't look at, and without what is false: the script takes what is not there for that."""
    found = plan.operations.get(operation.key)
    if not found:
        return ""
    rule = _plain({k: v for k, v in found.items() if k != "responses"}, numbers)
    for control, parameter in zip(operation.validation.parameters, rule["parameters"], strict=True):
        parameter.update(details(control, parameter["schema"], shapes))
    return json.dumps(rule)


def _plain(value: Json, numbers: Sequence[int]) -> Any:
    """The value with numbers of functions in place of numbers of roots, and those of shapes as texts."""
    if isinstance(value, list):
        return [_plain(item, numbers) for item in value]
    if isinstance(value, dict):
        return {name: _number(name, item, numbers) for name, item in value.items() if item is not False}
    return value


def _number(name: str, value: Json, numbers: Sequence[int]) -> Json:
    if isinstance(value, int) and name in {"schema", "json"}:
        return numbers[value]
    return str(value) if name == "shape" else _plain(value, numbers)


def _consumers(gateway: Gateway) -> dict[str, int]:
    digests = [control.keys for control in gateway.api_keys] + [control.keys for control in gateway.basics]
    keys = {key.consumer for some in digests for key in some}
    names = {name.consumer for control in gateway.mutual_tls for name in control.names}
    everybody = keys | names | {consumer.id for consumer in gateway.consumers}
    return {consumer: number for number, consumer in enumerate(sorted(everybody))}


def _servers(gateway: Gateway) -> tuple[Server, ...]:
    served: dict[tuple[tuple[str, ...], tuple[FileRef, FileRef]], list[str]] = {}
    for name in gateway.host_names.names:
        keys = tuple(o.key for o in gateway.operations if name in o.route.hosts)
        served.setdefault((keys, gateway.listener_tls.pair_of(name)), []).append(name)
    operations = {o.key: o for o in gateway.operations}
    return tuple(Server(tuple(names), tuple(operations[k] for k in keys), pair) for (keys, pair), names in served.items())


def is_native(gateway: Gateway, limit: RateLimit) -> bool:
    """Whether `limit_req` counts exactly as the control says: addresses, a token for each request, at a rate of whole thousandths per second.

    With two limits of its phase on one request `limit_req` takes no token of the first when the second refuses; the control does. Maps can cut an
    IPv6 address after a whole number of bytes.
    """
    alone = Counter(key for other in gateway.rate_limits if other.phase == "flood" for key in other.operations)
    is_plain = limit.phase == "flood" and not limit.has_fields and all(tokens == 1 for _, tokens in limit.costs)
    is_address = limit.ipv6_prefix is not None and limit.ipv6_prefix % 8 == 0
    return is_plain and is_address and rate(limit) is not None and all(alone[key] == 1 for key in limit.operations)


def rate(limit: RateLimit) -> str | None:
    """The rate as `limit_req_zone` takes it, None when NGINX would round it: it keeps thousandths of requests per second."""
    per_minute, rest = divmod(limit.limit * 60, limit.window_s)
    if rest or per_minute % 3:
        return None
    return f"{per_minute // 60}r/s" if per_minute % 60 == 0 else f"{per_minute}r/m"


def upstream_group(name: str) -> str:
    """The `upstream` block of an upstream: what the verdict of the script names."""
    return f"gwc_{name}"


def upstream_location(name: str) -> str:
    """The prefix of the locations of an upstream's lanes."""
    return f"{RESERVED}{name}/"


def lane_location(plan: Plan, number: int) -> str:
    """Where the requests of a lane are passed to the upstream; with a plus sign where the script decides on them first."""
    return f"{upstream_location(plan.lanes[number].upstream)}{number}"


def lane_variable(gateway: Gateway) -> str:
    """What routing calls the lane of an operation: the lane itself, where nothing else has a say before it."""
    return "$gwc_lane_routed" if gateway.network_rules else admitted_variable(gateway)


def admitted_variable(gateway: Gateway) -> str:
    """What the rules of phase 3 call the lane of a client that they let through."""
    return "$gwc_lane_of" if gateway.canonical_path.matrix else "$gwc_lane"


def has_open_lane(plan: Plan, number: int) -> bool:
    """Whether requests without a body of some operation of the lane need no script."""
    return any(plan.rules[plan.rule_of[key]].is_open for key, n in plan.lane_of.items() if n == number)


def problem_location(reason: str) -> str:
    """Where the gateway's own answer with this reason is made."""
    return RESERVED + reason
