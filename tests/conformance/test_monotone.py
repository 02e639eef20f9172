"""On the real gateways, too, a restriction never allows a new request: pairs of a policy and a tighter one, the same requests to both."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from gwc.ir import Gateway
from gwc.semantics import State
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import Exchange, bench, compare, running
from tests.support.requests import exchange
from tests.support.restrictions import RESTRICTIONS, Asked, any_request, base_gateway

pytestmark = pytest.mark.gateway
POLICIES = 8
REQUESTS = 70


@pytest.mark.parametrize("host", HOSTS)
def test_a_restriction_never_allows_a_new_request(host: str, tmp_path, count_requests):
    require(host)
    pick = random.Random(f"{host}-2026")
    asked = [any_request(pick) for _ in range(REQUESTS)]
    wrong: list[str] = []
    base = _allowed(host, base_gateway(), asked, tmp_path / "base", wrong)
    pairs = refused = 0
    for number, names in enumerate(_choices(pick)):
        tighter = base_gateway()
        for name in names:
            tighter = RESTRICTIONS[name](tighter)
        now = _allowed(host, tighter, asked, tmp_path / str(number), wrong)
        wrong += [f"{names}: newly allowed: {a}" for a, before, after in zip(asked, base, now, strict=True) if after and not before]
        pairs += len(asked)
        refused += sum(before and not after for before, after in zip(base, now, strict=True))
    count_requests(host, pairs + len(asked), len(wrong))
    assert not wrong, "\n".join(wrong[:20])
    assert pairs >= 500
    assert sum(base) > 10
    assert refused > 20, "otherwise the test shows little"


def _choices(pick: random.Random) -> list[list[str]]:
    """Every restriction comes up at least once."""
    names = sorted(RESTRICTIONS)
    pick.shuffle(names)
    return [names[n::POLICIES] for n in range(POLICIES)]


def _allowed(host: str, gateway: Gateway, asked: Sequence[Asked], folder: Path, wrong: list[str]) -> list[bool]:
    """Which requests reach the upstream. What differs from the model goes to `wrong`."""
    folder.mkdir()
    state, found = State(), []
    case = Case("monotone", folder, folder, ())
    with bench(case, gateway, folder) as prepared, running(host, prepared, folder) as process:
        for n, one in enumerate(asked):
            step = _step(n, one)
            verdict = prepared.judge(step, one.raw(), state)
            answer = exchange(process.port, one.raw(), prepared.offer(step))
            done = Exchange(step, one.raw(), verdict, answer, prepared.take())
            found.append(bool(done.received))
            wrong += [f"{folder.name}: {one}: {text}" for text in compare(done)]
    return found


def _step(number: int, asked: Asked) -> Step:
    spec = {"source": asked.source, "method": asked.method}
    if asked.dns_names is not None:
        spec["certificate"] = {"dns": list(asked.dns_names)}
    return Step(str(number), spec, Expectation("allowed"))
