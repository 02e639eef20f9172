"""The order of decisions (DESIGN section 3), a function for each phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gwc.controls.rate_limit import Phase
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import (
    authorization_rule,
    body,
    canonical_path,
    client_ip,
    consumer,
    host_names,
    network_rule,
    normalise,
    rate_limit,
    routing,
    validation,
)
from gwc.semantics.answers import ALLOWED, HANDSHAKE, Decision, Fault, Headers, fault
from gwc.semantics.forwarding import forward
from gwc.semantics.http1 import Request
from gwc.semantics.identity import NOBODY, Identity
from gwc.semantics.mutual_tls import Certificate
from gwc.semantics.normalise import NEVER_SERVED
from gwc.semantics.rate_key import Counted
from gwc.semantics.rate_limit import State, Tally, answer_fields, told_faults
from gwc.semantics.security import Presented


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: the server name of its connection and the address of its peer; `now_s` in seconds since 1970.

    `certificate`: that of the client, when it has shown one that the listener trusts.
    """

    sni: str | None
    client: str
    now_s: float
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Everything that was found, faults in the order of the phases."""

    faults: tuple[Fault, ...]
    operation: Operation | None = None
    identity: Identity = NOBODY
    told: Headers = ()


def decide(
    gateway: Gateway,
    request: Request,
    *,
    sni: str | None,
    client: str,
    now_s: float,
    state: State,
    certificate: Certificate | None = None,
) -> Decision:
    """The answer: that of the first fault, or the forwarded request when there is none. Takes tokens out of `state`."""
    judged = _judge(gateway, request, Caller(sni, client, now_s, certificate), state)
    key = judged.operation.key if judged.operation else "-"
    if judged.faults:
        first = judged.faults[0]
        return Decision(False, first.status, first.reason, first.headers, None, key, *_named(judged), first.errors)
    assert judged.operation is not None, "a request without an operation has a fault"
    forwarded = forward(gateway, judged.operation, request, judged.identity, client_ip.client_of(gateway, request, client) or client)
    return Decision(True, 0, ALLOWED, judged.told, forwarded, key, judged.identity.subject, judged.identity.consumer)


def faults(gateway: Gateway, request: Request, caller: Caller, state: State | None = None) -> tuple[Fault, ...]:
    """Every reason for which the request may be refused; with more than one, gateways may report any of them.

    A later phase is judged where it can be: without a served host and a canonical path there is no operation to ask.
    """
    return _judge(gateway, request, caller, state or State()).faults


def _judge(gateway: Gateway, request: Request, caller: Caller, state: State) -> _Judgement:
    if not host_names.is_served(gateway.host_names, caller.sni):
        return _Judgement((Fault(0, HANDSHAKE),))
    early = tuple(_normalise(gateway, request, caller))
    if request.method in NEVER_SERVED or any(f.reason in {"normalise.path", "normalise.host"} for f in early):
        return _Judgement(early)
    caller = replace(caller, client=client_ip.client_of(gateway, request, caller.client) or caller.client)
    path = request.target.partition("?")[0]
    found = routing.find_operation(gateway, host_names.host_of(request), request.method, path)
    if isinstance(found, Fault):
        return _Judgement((*early, found))
    if validation.is_matrix_misplaced(found.validation, path):
        return _Judgement((*early, fault("normalise.path")))
    early = (*early, *network_rule.find_faults(gateway, found, caller.client))
    return _judge_operation(_Asked(gateway, found, request, caller, state), early)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose operation is known."""

    gateway: Gateway
    operation: Operation
    request: Request
    caller: Caller
    state: State

    def count(self, phase: Phase, identity: Identity) -> Tally:
        """What the limits of this phase say, which take their tokens."""
        counted = Counted(self.gateway, self.operation, self.request, self.caller.client, identity)
        return rate_limit.count(counted, phase, self.caller.now_s, self.state)


def _judge_operation(asked: _Asked, early: tuple[Fault, ...]) -> _Judgement:
    """Phases 4 to 9. Limits count what came as far as their phase."""
    gateway, operation, request, caller, state = asked.gateway, asked.operation, asked.request, asked.caller, asked.state
    flood = Tally() if early else asked.count("flood", NOBODY)
    presented = Presented(gateway, operation, request, caller.certificate, caller.now_s, state.key_sets)
    identity = presented.identity()
    refused = list(presented.find_faults(identity))
    if all(f.reason.startswith("authz.") for f in refused):
        refused += authorization_rule.find_faults(gateway, operation, identity, request.target.partition("?")[0], caller.client)
    is_let_in = not (early or flood.faults or refused)
    throttle = _throttle(asked, identity) if is_let_in else Tally()
    carried = (*body.find_faults(operation.body, request), *validation.find_faults(operation.validation, gateway.json_schema, request))
    last = asked.count("body", identity) if is_let_in and not (throttle.faults or carried) else Tally()
    found = (*early, *told_faults(flood), *refused, *told_faults(throttle, flood), *carried, *told_faults(last, flood, throttle))
    return _Judgement(found, operation, identity, answer_fields(flood, throttle, last))


def _throttle(asked: _Asked, identity: Identity) -> Tally:
    """The limits of the consumer, and those by verified identity: all of them count."""
    own = consumer.count(asked.gateway, identity.consumer, asked.caller.now_s, asked.state)
    others = asked.count("throttle", identity)
    return Tally((*own, *others.faults), others.told)


def _normalise(gateway: Gateway, request: Request, caller: Caller) -> Iterator[Fault]:
    yield from normalise.find_faults(request)
    yield from host_names.find_faults(gateway.host_names, request, caller.sni)
    if client_ip.client_of(gateway, request, caller.client) is None:
        yield fault("normalise.clientAddress")
    if request.method not in NEVER_SERVED:  # CONNECT has no path
        yield from canonical_path.find_faults(gateway.canonical_path, request)


def _named(judged: _Judgement) -> tuple[str, str]:
    """Subject and consumer of a refused request: who was verified before the refusal."""
    before = {"body", "validate", "authz", "throttle"}
    known = judged.faults[0].reason.partition(".")[0] in before
    return (judged.identity.subject, judged.identity.consumer) if known else ("-", "-")
