"""The order of decisions (DESIGN section 3), a function for each phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import authorization_rule, body, canonical_path, consumer, host_names, normalise, rate_limit, routing, validation
from gwc.semantics.answers import ALLOWED, HANDSHAKE, Decision, Fault, fault
from gwc.semantics.forwarding import forward
from gwc.semantics.http1 import Request
from gwc.semantics.identity import NOBODY, Identity
from gwc.semantics.mutual_tls import Certificate
from gwc.semantics.normalise import NEVER_SERVED
from gwc.semantics.rate_limit import State
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
    forwarded = forward(gateway, judged.operation, request, judged.identity, client)
    return Decision(True, 0, ALLOWED, (), forwarded, key, judged.identity.subject, judged.identity.consumer)


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
    path = request.target.partition("?")[0]
    found = routing.find_operation(gateway, host_names.host_of(request), request.method, path)
    if isinstance(found, Fault):
        return _Judgement((*early, found))
    if validation.is_matrix_misplaced(found.validation, path):
        return _Judgement((*early, fault("normalise.path")))
    flood = () if early else tuple(rate_limit.count(gateway, found, caller.client, caller.now_s, state))
    presented = Presented(gateway, found, request, caller.certificate, caller.now_s, state.key_sets)
    identity = presented.identity()
    refused = list(presented.find_faults(identity))
    if all(f.reason.startswith("authz.") for f in refused):
        refused += authorization_rule.find_faults(gateway, found, identity, path, caller.client)
    before = (*early, *flood, *refused)
    throttled = () if before else tuple(consumer.count(gateway, identity.consumer, caller.now_s, state))
    carried = (*body.find_faults(found.body, request), *validation.find_faults(found.validation, gateway.json_schema, request))
    return _Judgement((*before, *throttled, *carried), found, identity)


def _normalise(gateway: Gateway, request: Request, caller: Caller) -> Iterator[Fault]:
    yield from normalise.find_faults(request)
    yield from host_names.find_faults(gateway.host_names, request, caller.sni)
    if request.method not in NEVER_SERVED:  # CONNECT has no path
        yield from canonical_path.find_faults(gateway.canonical_path, request)


def _named(judged: _Judgement) -> tuple[str, str]:
    """Subject and consumer of a refused request: who was verified before the refusal."""
    before = {"body", "validate", "authz", "throttle"}
    known = judged.faults[0].reason.partition(".")[0] in before
    return (judged.identity.subject, judged.identity.consumer) if known else ("-", "-")
