"""The order of decisions (DESIGN section 3), a function for each phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gwc.ir.gateway import Gateway, Operation
from gwc.semantics import body, canonical_path, host_names, normalise, rate_limit, routing, security
from gwc.semantics.answers import ALLOWED, HANDSHAKE, Decision, Fault
from gwc.semantics.forwarding import forward
from gwc.semantics.http1 import Request
from gwc.semantics.normalise import NEVER_SERVED
from gwc.semantics.rate_limit import State
from gwc.semantics.security import Identity

_NOBODY = Identity({})


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: the server name of its connection and the address of its peer; `now_s` in seconds since 1970."""

    sni: str | None
    client: str
    now_s: float


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Everything that was found, faults in the order of the phases."""

    faults: tuple[Fault, ...]
    operation: Operation | None = None
    identity: Identity = _NOBODY


def decide(gateway: Gateway, request: Request, *, sni: str | None, client: str, now_s: float, state: State) -> Decision:
    """The answer: that of the first fault, or the forwarded request when there is none. Takes tokens out of `state`."""
    judged = _judge(gateway, request, Caller(sni, client, now_s), state)
    key = judged.operation.key if judged.operation else "-"
    if judged.faults:
        first = judged.faults[0]
        return Decision(False, first.status, first.reason, first.headers, None, key, *_named(judged))
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
    found = routing.find_operation(gateway, host_names.host_of(request), request.method, request.target.partition("?")[0])
    if isinstance(found, Fault):
        return _Judgement((*early, found))
    identity = security.identify(gateway, found, request, caller.now_s)
    flood = rate_limit.count(gateway, found, caller.client, caller.now_s, state)
    refused = security.find_faults(gateway, found, request, identity, caller.now_s)
    return _Judgement((*early, *flood, *refused, *body.find_faults(found.body, request)), found, identity)


def _normalise(gateway: Gateway, request: Request, caller: Caller) -> Iterator[Fault]:
    yield from normalise.find_faults(request)
    yield from host_names.find_faults(gateway.host_names, request, caller.sni)
    if request.method not in NEVER_SERVED:  # CONNECT has no path
        yield from canonical_path.find_faults(gateway.canonical_path, request)


def _named(judged: _Judgement) -> tuple[str, str]:
    """Subject and consumer of a refused request: who was verified before the refusal."""
    before = {"body", "authz"}
    known = judged.faults[0].reason.partition(".")[0] in before
    return (judged.identity.subject, judged.identity.consumer) if known else ("-", "-")
