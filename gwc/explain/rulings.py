"""What each control makes of a request: passed, refused and why, or never asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from gwc.explain import notes
from gwc.explain.credentials import Credential, credentials
from gwc.explain.judge import Judged
from gwc.explain.matching import match
from gwc.explain.steps import LIMIT_PHASES, Step, arrival, consumer_step, response, steps
from gwc.ir import Operation
from gwc.semantics import Fault, Refusal, authorization_rule, network_rule
from gwc.semantics.answers import HANDSHAKE

Verdict = Literal["pass", "deny", "idle", "unreached"]
_AT_THE_END = ("11 respond", "12 observe")
"""Refused requests, too, are answered and logged."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """`idle`: the control has no say about this request. `faults`: why it refuses, or would if the request came that far. `note`: about this request."""

    step: Step
    verdict: Verdict
    faults: tuple[Fault, ...] = ()
    note: str = ""


def rulings(judged: Judged) -> tuple[Ruling, ...]:
    """A ruling for each control that has a say, in the order of decisions; the first that denies is the evaluator's decision."""
    found = list(_in_order(judged))
    denies = next((i for i, ruling in enumerate(found) if ruling.faults), len(found))
    ordered = [_placed(judged, ruling, i, denies) for i, ruling in enumerate(found)]
    first = ordered[denies].faults[0].reason if denies < len(found) else "allowed"
    assert first == judged.decision.reason, f"explained as {first}, decided as {judged.decision.reason}"
    return tuple(ordered)


def _placed(judged: Judged, ruling: Ruling, index: int, denies: int) -> Ruling:
    is_at_the_end = ruling.step.phase in _AT_THE_END and judged.decision.status > 0
    if index <= denies or is_at_the_end:
        return replace(ruling, verdict="deny") if index == denies else ruling
    known = tuple(f for f in ruling.faults if f in judged.faults)  # without a caller, nobody can say what rules would make of him
    return replace(ruling, verdict="unreached", faults=known, note=ruling.note if known else "")


def _in_order(judged: Judged) -> Iterator[Ruling]:
    operation, original = judged.operation, judged.stand_in.original
    if operation is None:
        yield from _before_routing(judged)
        return
    for step in steps(original, operation):
        if step.control == "host_names" and step.subject != judged.sni.lower():
            continue
        if step.control == "consumer":
            continue
        if step.control == "body":
            yield from _throttle(judged)
        yield from _with_http(judged, _RULED.get(step.control, _passed)(judged, operation, step))


def _before_routing(judged: Judged) -> Iterator[Ruling]:
    """The rulings for a request whose operation never got known."""
    gateway, host = judged.stand_in.original, judged.sni.lower()
    for step in arrival(gateway, (host,)):
        if step.control == "host_names":
            subject = host if host in gateway.host_names.names else "*"
            says = f"SNI and Host must both be one of {', '.join(gateway.host_names.names)}"
            step = replace(step, subject=subject, says=says)  # noqa: PLW2901 - no host of the policy, so it has no line of its own
        yield from _with_http(judged, _RULED.get(step.control, _passed)(judged, None, step))
    yield Ruling(_route(judged), "pass", _of(judged, "route."), notes.route(judged))
    for step in response(gateway):
        yield _RULED.get(step.control, _passed)(judged, None, step)


def _route(judged: Judged) -> Step:
    """The step of routing without an operation: at an operation of the path if it has any, else at the hosts."""
    gateway, asked, host = judged.stand_in.original, judged.asked, judged.sni.lower()
    methods = match(gateway, asked.method, asked.path, host).other_methods
    found = match(gateway, methods[0], asked.path, host).operations if methods else ()
    subject, at = (found[0].key, found[0].route.at) if found else ("*", gateway.host_names.at)
    return Step("2 route", "routing", subject, f"{asked.method} {asked.path}", at)


def _of(judged: Judged, *beginnings: str) -> tuple[Fault, ...]:
    return tuple(f for f in judged.faults if f.reason.startswith(beginnings))


# --- one function for each control ----------------------------------------------------------------------------------------


def _passed(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001 - one shape for all
    return Ruling(step, "pass")


def _listener(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    shut = tuple(f for f in judged.faults if f.reason == HANDSHAKE)
    if shut and not judged.certificate_faults:
        return Ruling(step, "pass", shut, f"there is no handshake for the server name {judged.sni}")
    return Ruling(step, "pass", judged.certificate_faults, notes.certificate(judged))


def _host(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "pass", _of(judged, "normalise.host"))


def _path(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "pass", _of(judged, "normalise.path", "normalise.uri"), notes.target(judged))


def _with_http(judged: Judged, ruling: Ruling) -> Iterator[Ruling]:
    """The ruling, and one for faults of the head that belong to no control of the policy, if there are some.

    It stands where they are found: before the Host, or after Host and path were found to be wrong.
    """
    known = {"normalise.host", "normalise.path", "normalise.uri", "normalise.certificate"}
    found = [f for f in judged.faults if f.reason.startswith("normalise.") and f.reason not in known]
    is_first = bool(found) and judged.faults[0] == found[0]
    others = [f for f in found if f.reason != "normalise.request"]  # which is only another name of what is wrong with Host or path
    yield from _http(judged, found) if is_first and ruling.step.control == "host_names" else ()
    yield ruling
    yield from _http(judged, others) if others and not is_first and ruling.step.control == "canonical_path" else ()


def _http(judged: Judged, found: Sequence[Fault]) -> Iterator[Ruling]:
    says = "well-formed HTTP/1.1: one Host, one Authorization, at most 100 fields and 32 KiB, no underscore in a name"
    why = judged.request.why if isinstance(judged.request, Refusal) else ""
    yield Ruling(Step("1 normalise", "http", "*", says, judged.stand_in.original.listener_tls.at), "pass", tuple(found), why)


def _network(judged: Judged, operation: Operation | None, step: Step) -> Ruling:
    assert operation is not None
    alone = replace(judged.gateway, network_rules=tuple(r for r in judged.gateway.network_rules if r.id == step.subject))
    found = tuple(network_rule.find_faults(alone, operation, judged.client))
    return Ruling(step, "pass", found, f"the client is {judged.client}" if found else "")


def _limit(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    who = "the address has" if step.phase == LIMIT_PHASES["flood"] else "whoever it counts has"
    return Ruling(step, "pass", (), f"if {who} not used it up")


def _throttle(judged: Judged) -> Iterator[Ruling]:
    name = judged.identity.consumer
    if name != "-":
        step = consumer_step(judged.gateway, name)
        limits = next(c.limits for c in judged.gateway.consumers if c.id == name)
        yield Ruling(step, "pass", _of(judged, "throttle."), "if the consumer has not used it up" if limits else "")


def _credential(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    found = next(c for c in credentials(judged) if c.scheme == step.subject)
    return Ruling(step, "pass" if found.is_verified else "idle", found.faults, _of_credential(judged, found))


def _of_credential(judged: Judged, found: Credential) -> str:
    if found.is_verified:
        return notes.verified(judged, found.scheme)
    if not found.is_presented:
        return "not presented"
    return notes.broken(judged, found)


def _security(judged: Judged, operation: Operation | None, step: Step) -> Ruling:
    assert operation is not None
    assert judged.presented is not None
    by_credentials = {f for c in credentials(judged) for f in c.faults}
    found = tuple(f for f in judged.presented.find_faults(judged.identity) if f not in by_credentials)
    phase = "5 authenticate" if found and found[0].reason == "authn.missing" else step.phase
    return Ruling(replace(step, phase=phase), "pass", found, notes.security(judged, found))


def _rule(judged: Judged, operation: Operation | None, step: Step) -> Ruling:
    assert operation is not None
    found = tuple(rule_faults(judged, operation, step.subject))
    return Ruling(step, "pass", found, notes.rule(judged, operation, step.subject, found))


def rule_faults(judged: Judged, operation: Operation, name: str) -> Iterator[Fault]:
    """What the evaluator refuses the request for because of this rule."""
    alone = replace(judged.gateway, rules=tuple(r for r in judged.gateway.rules if r.id == name))
    yield from authorization_rule.find_faults(alone, operation, judged.identity, judged.asked.path, judged.client)


def _zone(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "idle", (), notes.zone(judged, step.subject))


def _body(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "pass", _of(judged, "body."), notes.body(judged))


def _validation(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "pass", _of(judged, "validate."), notes.validation(judged))


def _forwarding(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "pass", (), notes.forwarded(judged))


def _answer(judged: Judged, operation: Operation | None, step: Step) -> Ruling:  # noqa: ARG001
    return Ruling(step, "idle" if judged.is_allowed else "pass", (), notes.answered(judged))


_RULED: Mapping[str, Callable[[Judged, Operation | None, Step], Ruling]] = MappingProxyType(
    {
        "listener_tls": _listener,
        "host_names": _host,
        "canonical_path": _path,
        "network_rule": _network,
        "rate_limit": _limit,
        "jwt": _credential,
        "api_key": _credential,
        "basic": _credential,
        "mutual_tls": _credential,
        "security": _security,
        "zone": _zone,
        "authorization_rule": _rule,
        "body": _body,
        "validation": _validation,
        "forwarding": _forwarding,
        "problem_details": _answer,
    }
)


def denied_by(found: Iterable[Ruling]) -> Ruling | None:
    """The ruling that decides, None when nothing denies."""
    return next((r for r in found if r.verdict == "deny"), None)
