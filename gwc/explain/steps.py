"""Every control that has a say about an operation, in the order of decisions, with its values and its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gwc.controls.base import Node
from gwc.controls.rate_limit import Phase
from gwc.diagnostics import Span
from gwc.explain import words
from gwc.ir import Gateway, Operation


@dataclass(frozen=True, slots=True)
class Step:
    """What one control says. `control` and `subject` are those of the ledger; `at` finds where the policy or the OpenAPI document says it."""

    phase: str
    control: str
    subject: str
    says: str
    at: Callable[[], Span]

    @property
    def span(self) -> Span:
        """The place."""
        return self.at()


def step(phase: str, node: Node, subject: str, says: str) -> Step:
    """The step of a control."""
    return Step(phase, node.STEM, subject, says, node.at)


def steps(gateway: Gateway, operation: Operation) -> tuple[Step, ...]:
    """Every control that decides about the operation, in the order of decisions."""
    return (
        *arrival(gateway, operation.route.hosts),
        step("2 route", operation.route, operation.key, f"{operation.route.method} {operation.route.template.text}"),
        *_network(gateway, operation),
        *_limits(gateway, operation, "flood"),
        *_credentials(gateway, operation),
        *_permission(gateway, operation),
        *_limits(gateway, operation, "throttle"),
        *_forward(gateway, operation),
        *response(gateway),
    )


def arrival(gateway: Gateway, hosts: tuple[str, ...]) -> Iterator[Step]:
    """What every request meets before it is known what it is for."""
    names, path = gateway.host_names, gateway.canonical_path
    yield step("0 tls", gateway.listener_tls, "*", words.listener_text(gateway.listener_tls))
    for name in hosts:
        yield step("1 normalise", names, name, f"SNI and Host must both be {name}")
    for control in gateway.client_ip:
        says = f"the client is the last address in X-Forwarded-For that is none of the proxies {', '.join(control.trusted_proxies)}"
        yield step("1 normalise", control, "*", says)
    yield step("1 normalise", path, "*", f"canonical targets of at most {path.max_uri_bytes} bytes")


def _network(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    for rule in gateway.network_rules:
        if operation.key in rule.operations:
            yield step("3 network", rule, rule.id, words.network_text(rule))


LIMIT_PHASES: Mapping[Phase, str] = MappingProxyType({"flood": "4 flood", "throttle": "7 throttle", "body": "9 validate"})
"""A limit by members of the body stands behind what validates it."""


def _limits(gateway: Gateway, operation: Operation, phase: Phase) -> Iterator[Step]:
    for limit in gateway.rate_limits:
        if operation.key in limit.operations and limit.phase == phase:
            yield step(LIMIT_PHASES[phase], limit, limit.id, words.limit_text(limit, operation.key))


def _credentials(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    wanted = operation.security.schemes
    for jwt in (c for c in gateway.jwts if c.scheme in wanted):
        yield step("5 authenticate", jwt, jwt.scheme, words.jwt_text(jwt))
    for key in (c for c in gateway.api_keys if c.scheme in wanted):
        yield step("5 authenticate", key, key.scheme, words.api_key_text(key))
    for login in (c for c in gateway.basics if c.scheme in wanted):
        yield step("5 authenticate", login, login.scheme, f"Basic with a generated key of {', '.join(words.owners(login.keys))}")
    for mapping in (c for c in gateway.mutual_tls if c.scheme in wanted):
        yield step("5 authenticate", mapping, mapping.scheme, words.mutual_tls_text(mapping))


def _permission(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    security = operation.security
    rules = [r for r in gateway.rules if operation.key in r.operations]
    yield step("6 authorise", security, operation.key, words.security_text(security))
    named = {name for rule in rules for name in rule.zones}
    for zone in (z for z in gateway.zones if z.name in named):
        yield step("6 authorise", zone, zone.name, f"zone {zone.name} is {', '.join(zone.networks)}")
    for rule in rules:
        yield step("6 authorise", rule, rule.id, words.rule_text(rule))
    known = consumers_of(gateway, operation)
    for consumer in gateway.consumers:
        if consumer.id in known and (consumer.limits or (consumer.roles and any(r.roles for r in rules))):
            yield consumer_step(gateway, consumer.id)


def consumer_step(gateway: Gateway, name: str) -> Step:
    """What is said about a consumer."""
    consumer = next(c for c in gateway.consumers if c.id == name)
    return step("7 throttle", consumer, consumer.id, words.consumer_text(consumer))


def consumers_of(gateway: Gateway, operation: Operation) -> frozenset[str]:
    """Everybody whose credentials the operation takes."""
    wanted = operation.security.schemes
    keys = (k.consumer for c in gateway.api_keys if c.scheme in wanted for k in c.keys)
    logins = (k.consumer for c in gateway.basics if c.scheme in wanted for k in c.keys)
    names = (n.consumer for c in gateway.mutual_tls if c.scheme in wanted for n in c.names)
    return frozenset((*keys, *logins, *names))


def _forward(gateway: Gateway, operation: Operation) -> Iterator[Step]:
    upstream = next(u for u in gateway.upstreams if u.name == operation.upstream)
    forwarding = gateway.forwarding
    yield step("8 body", operation.body, operation.key, words.body_text(operation.body))
    if not operation.validation.is_off:
        yield step("9 validate", operation.validation, operation.key, words.validation_text(operation.validation))
        yield step("9 validate", gateway.json_schema, "*", f"{len(gateway.json_schema.table)} schemas that several places share")
    yield from _limits(gateway, operation, "body")
    yield step("10 forward", upstream, upstream.name, words.upstream_text(upstream))
    parts = [f"{len(forwarding.removed)} header names"]
    parts += [f"the query parameters {', '.join(forwarding.removed_query)}"] if forwarding.removed_query else []
    parts += [f"the cookies {', '.join(forwarding.removed_cookies)}"] if forwarding.removed_cookies else []
    for control in gateway.segmentation:
        yield step("10 forward", control, "*", f"the gateway may reach {len(control.destinations)} destinations and nothing else")
    says = f"{' and '.join(parts)} are removed, identity and forwarding headers are set anew"
    yield step("10 forward", forwarding, "*", says)


def response(gateway: Gateway) -> Iterator[Step]:
    """What every request comes to at the end, allowed or not."""
    problems, log = gateway.problem_details, gateway.access_log
    yield step("11 respond", problems, "*", f"problem+json, realm {problems.realm}")
    yield step("12 observe", log, "*", f"access log as {log.format}")
    for metrics in gateway.metrics:
        yield step("12 observe", metrics, "*", f"counters at http://{metrics.address}:{metrics.port}/metrics")
