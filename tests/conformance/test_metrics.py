"""Usage per consumer: the counters of every gateway say what its access log says."""

from __future__ import annotations

import re
import time
import urllib.request
from collections import Counter
from dataclasses import replace
from urllib.error import HTTPError

import pytest

from gwc.controls.metrics import METRIC, Metrics
from gwc.local.processes import second_port
from gwc.semantics import State
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import CASES, Case, load_case
from tests.support.harness import bench, load_gateway, running, settled_log
from tests.support.requests import exchange

pytestmark = pytest.mark.gateway
_LINE = re.compile(rf"{METRIC}\{{(?P<labels>[^}}]*)\}} (?P<value>[0-9.e+]+)\Z")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def counters(text: str) -> Counter[tuple[str, str]]:
    """(consumer, reason) -> number, of Prometheus' text; labels come in any order."""
    found: Counter[tuple[str, str]] = Counter()
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            labels = dict(_LABEL.findall(match["labels"]))
            assert set(labels) >= {"consumer", "reason"}, line
            found[labels["consumer"], labels["reason"]] += int(float(match["value"]))
    return found


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")


@pytest.mark.parametrize("host", HOSTS)
def test_counters_are_those_of_the_log(host: str, tmp_path, count_requests):
    require(host)
    case: Case = load_case(CASES / "authorization_rule" / "roles")
    gateway = replace(load_gateway(case), metrics=(Metrics(address="127.0.0.1", port=second_port()),))
    with bench(case, gateway, tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        port = prepared.gateway.metrics[0].port
        before = counters(_get(port, "/metrics")[1])
        for step in case.steps:
            prepared.judge(step, step.raw(prepared.gateway), State())
            exchange(process.port, step.raw(prepared.gateway), prepared.offer(step))
        exchange(process.port, b"GET /nowhere HTTP/1.1\r\nHost: api.test\r\n\r\n", prepared.offer(case.steps[0]))
        lines = settled_log(process, len(case.steps) + 1)
        wanted = Counter((line["consumer"], line["reason"]) for line in lines if line["reason"] != "-")
        deadline = time.monotonic() + 8
        while counters(_get(port, "/metrics")[1]) - before != wanted and time.monotonic() < deadline:
            time.sleep(0.3)
        found = counters(_get(port, "/metrics")[1]) - before
        others = {path: _get(port, path)[0] for path in ("/", "/config_dump", "/quitquitquit", "/stats", "/metrics/x", "/ready")}
    count_requests(host, len(case.steps) + 1)
    assert found == wanted
    assert sum(n for (consumer, _), n in found.items() if consumer == "globex") >= 2
    assert set(others.values()) == {404}, others


@pytest.mark.parametrize("host", HOSTS)
def test_metrics_are_no_part_of_the_api(host: str, tmp_path):
    require(host)
    case = load_case(CASES / "authorization_rule" / "roles")
    gateway = replace(load_gateway(case), metrics=(Metrics(address="127.0.0.1", port=second_port()),))
    with bench(case, gateway, tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        answer = exchange(process.port, b"GET /metrics HTTP/1.1\r\nHost: api.test\r\n\r\n", prepared.offer(case.steps[0]))
    assert answer.problem()["reason"] == "route.unknown"
