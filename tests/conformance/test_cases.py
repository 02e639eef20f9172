"""Every case against the model and against each gateway: decision, status, reason, promised headers, what the upstream
received, and the access log."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gwc.backends.base import TargetProblems
from gwc.controls.problem_details import REASONS
from gwc.semantics import State
from gwc.semantics.answers import HANDSHAKE
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import CASES, Case, Step, find_cases, load_case
from tests.support.harness import Verdict, bench, load_gateway, run_case

FOLDERS = find_cases()


def _id(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


@pytest.fixture(params=FOLDERS, ids=_id)
def case(request):
    return load_case(request.param)


def test_model(case: Case, tmp_path, count_requests, monkeypatch):
    """The model says what the file expects: the file is the second opinion on the model."""
    clock = [1.8e9]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    state = State()
    wrong = []
    with bench(case, load_gateway(case), tmp_path) as prepared:
        for step in case.steps:
            clock[0] += step.spec.get("wait", 0)
            for n in range(step.spec.get("parallel", step.repeat)):
                verdict = prepared.judge(step, step.raw(prepared.gateway), state)
                count_requests("model", 1)
                if not _agrees(step, verdict) and not (n and "parallel" in step.spec):
                    wrong.append(f"{step.name}: expected {step.expect}, the model says {verdict.faults or verdict.decision}")
    count_requests("model", 0, len(wrong))
    assert not wrong, "\n".join(wrong)


def _agrees(step: Step, verdict: Verdict) -> bool:
    expect = step.expect
    if expect.kind == "allowed" or expect.reason.startswith("upstream."):
        return verdict.forwarded is not None
    if expect.kind == "free":
        return True
    if expect.kind in {"denied", "handshake", "unreached"}:
        return verdict.forwarded is None and (expect.kind != "handshake" or verdict.accepts(0, HANDSHAKE))
    if expect.reason == "normalise.certificate":  # or no handshake: that is the gateway's
        return verdict.accepts(expect.status, expect.reason) and verdict.accepts(0, HANDSHAKE)
    first = verdict.faults[0] if verdict.faults else None
    own = {(f.status, f.reason) for f in verdict.faults}
    one_fault = expect.reason == "normalise.request" or len(own - _tolerated(step)) == 1
    told = step.errors is None or (first is not None and first.errors == step.errors)
    return first is not None and (first.status, first.reason) == (expect.status, expect.reason) and one_fault and told


def _tolerated(step: Step) -> set[tuple[int, str]]:
    """Second reasons that a request with one fault may have: the codec's, and those that the file names."""
    return {(400, "normalise.request"), *((REASONS[r], r) for r in step.any_reason)}


@pytest.mark.gateway
@pytest.mark.parametrize(
    "name", ["routing/templates", "security/alternatives", "body/rules", "host_names/two_names", "validation/parameters"]
)
def test_envoy_from_files(name: str, tmp_path, count_requests):
    """Envoy's other form, with listeners, routes and clusters in files of their own, is the same gateway."""
    require("envoy")
    here = load_case(CASES / name)
    sent, wrong = run_case(here, "envoy-xds", load_gateway(here), tmp_path)
    count_requests("envoy (xds)", sent, len(wrong))
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong)


@pytest.mark.gateway
@pytest.mark.parametrize("host", HOSTS)
def test_gateway(case: Case, host: str, tmp_path, count_requests):
    """The real gateway does what the model does."""
    require(host)
    if host in case.refused_by:
        with pytest.raises(TargetProblems, match=case.refused_by[host]):
            run_case(case, host, load_gateway(case), tmp_path)
        return
    gateway = load_gateway(case)
    if gateway.store:
        require("redis")
    sent, wrong = run_case(case, host, gateway, tmp_path)
    count_requests(host, sent, len(wrong))
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong)
