"""What explain says about a described request is what the model decides about the real one, signed and keyed for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gwc.cli.explain_request import Given, asked_of, split_request
from gwc.cli.failure import Failure
from gwc.explain import Judged, StandIn, rulings
from gwc.explain.rulings import denied_by
from gwc.semantics import Certificate, Refusal, decide, parse
from gwc.semantics.answers import HANDSHAKE
from gwc.semantics.listener_tls import certificate_faults
from tests.explain.expressed import fresh_state, given_of, now, with_local_keys
from tests.support.cases import Case, Step, find_cases, load_case
from tests.support.harness import load_gateway

FOLDERS = find_cases()


def _id(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def _modelled(step: Step, gateway, given: Given, now_s: float):
    """The model's decision about the step as it is sent to gateways."""
    certificate = None
    if given.certificate:
        spec = step.spec["certificate"]
        certificate = Certificate(tuple(spec.get("uris", ())), tuple(spec.get("dns", ())))
    if certificate_faults(gateway.listener_tls, is_trusted=None if certificate is None else True):
        return (False, 0, HANDSHAKE)
    request = parse(step.raw(gateway))
    if isinstance(request, Refusal):
        return (False, request.faults[0].status, request.faults[0].reason)
    client, state = step.spec.get("source", "127.0.0.1"), fresh_state(gateway, now_s)
    sni = given.host.partition(":")[0]
    decision = decide(gateway, request, sni=sni, client=client, now_s=now_s, state=state, certificate=certificate)
    return (decision.allowed, decision.status, decision.reason, decision.operation, decision.subject, decision.consumer, _seen(decision))


def _seen(decision):
    """What the upstream sees, but for the token, which is another one, and the query, in which keys had other places."""
    forwarded = decision.forwarded
    if forwarded is None:
        return None
    kept = [(k, v) for k, v in forwarded.headers if k not in {"authorization", "x-gwc-claims"}]
    return (forwarded.upstream, forwarded.method, forwarded.target, kept, len(forwarded.body))


def _explained(gateway, method: str, target: str, given: Given, now_s: float):
    asked = replace(asked_of(gateway, *split_request(f"{method} {target}"), given), now_s=now_s)
    judged = Judged(StandIn(gateway), asked)
    found = denied_by(rulings(judged))  # raises when the rulings disagree with the decision
    assert (found is None) == judged.is_allowed
    decision = judged.decision
    if judged.certificate_faults or isinstance(judged.request, Refusal):
        return (decision.allowed, decision.status, decision.reason)
    return (decision.allowed, decision.status, decision.reason, decision.operation, decision.subject, decision.consumer, _seen(decision))


def _compared(case: Case, gateway, step: Step, now_s: float) -> str | None:
    """A disagreement in words; None also for what can't be expressed."""
    expressed = given_of(step, gateway, now_s)
    if expressed is None:
        return None
    try:
        explained = _explained(gateway, *expressed, now_s)
    except Failure:
        return None  # refused as an option
    modelled = _modelled(step, gateway, expressed[2], now_s)
    return None if explained == modelled else f"{step.name}: explained {explained}, decided {modelled}"


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_explains_what_the_model_decides(folder):
    case = load_case(folder)
    gateway = with_local_keys(load_gateway(case))
    wrong = [text for step in case.steps if (text := _compared(case, gateway, step, now()))]
    assert not wrong, "\n".join(wrong)


def test_many_requests_can_be_expressed():
    """The comparison above compares something, of every kind of identity."""
    found = []
    for case in map(load_case, FOLDERS):
        gateway = with_local_keys(load_gateway(case))
        found += [expressed[2] for step in case.steps if (expressed := given_of(step, gateway, now()))]
    assert len(found) > 800
    for identity in ("claims", "keys", "basic", "certificate"):
        assert sum(bool(getattr(given, identity)) for given in found) >= 5, identity
