"""Lists of trusted proxies by chance: every gateway finds the client that the model finds, or refuses what the model refuses."""

from __future__ import annotations

import random

import pytest

from gwc.semantics import State
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import CASES, Expectation, Step, load_case
from tests.support.harness import Bench, Exchange, bench, compare, load_gateway, running
from tests.support.odd_lists import any_list
from tests.support.requests import Connections

pytestmark = pytest.mark.gateway
ON_A_CONNECTION = 40


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("count", [150, pytest.param(6000, marks=pytest.mark.long)])
def test_lists_by_chance(host: str, count: int, tmp_path, count_requests):
    require(host)
    case, pick = load_case(CASES / "client_ip" / "hostile"), random.Random(f"{count}-2026")
    with bench(case, load_gateway(case), tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        connections = Connections(process.port)
        with connections.stack:
            done = [_exchange(n, any_list(pick), prepared, connections) for n in range(count)]
    wrong = [f"{d.step.spec['headers']}: {text}" for d in done for text in compare(d)]
    count_requests(host, count, len(wrong))
    assert not wrong, "\n".join(wrong[:20])
    assert min(sum(d.received != () for d in done), sum(d.received == () for d in done)) > count / 5


def _exchange(number: int, addresses: str, prepared: Bench, connections: Connections) -> Exchange:
    spec = {"target": "/free", "source": "127.0.0.2", "headers": [f"X-Forwarded-For: {addresses}"]}
    step = Step(str(number), spec, Expectation("allowed"))
    raw = step.raw(prepared.gateway)
    verdict = prepared.judge(step, raw, State())
    answer = connections.exchange(f"c{number // ON_A_CONNECTION}", raw, prepared.offer(step))
    return Exchange(step, raw, verdict, answer, prepared.take())
