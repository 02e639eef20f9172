"""Counters: every answer once, by who and why, on an address that shows nothing else."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gwc.backends.envoy import metrics
from gwc.controls.api_key import KeyDigest
from gwc.controls.metrics import METRIC
from tests.support.envoy_process import Bench, running
from tests.support.requests import Offer, connected
from tests.support.sample import gateway
from tests.support.tokens import token_for

pytestmark = pytest.mark.gateway

KEY = "demo"
HOSTILE = 'a"b\\c{}d'


def sample():
    base = gateway(rules=())
    digests = [
        KeyDigest(digest=hashlib.sha256(text.encode()).hexdigest(), consumer=name, not_before_s=0, expires_s=2**40)
        for text, name in ((KEY, "acme"), ("other", HOSTILE))
    ]
    return replace(
        base,
        api_keys=(replace(base.api_keys[0], keys=tuple(digests)),),
        consumers=(replace(base.consumers[0], id=HOSTILE), *base.consumers),
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Iterator[Bench]:
    with running(sample(), tmp_path_factory.mktemp("metrics")) as running_bench:
        yield running_bench


def get(bench: Bench, target: str = "/metrics", method: str = "GET") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", bench.gateway.metrics[0].port, timeout=5)
    connection.request(method, target)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.getheader("content-type") or ""


def counters(bench: Bench) -> dict[tuple[str, str], int]:
    """(consumer, reason) -> count."""
    time.sleep(0.3)  # the log is written behind the answer
    found = re.findall(METRIC + r'\{consumer="((?:[^"\\]|\\.)*)",reason="([^"]*)"\} (\d+)', get(bench)[1])
    return {(consumer, reason): int(count) for consumer, reason, count in found}


def grown(before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}


def test_every_answer_is_counted_once(bench: Bench):
    before = counters(bench)
    token = "Authorization: Bearer " + token_for(bench.gateway.jwts[0], {"scope": "orders:read"})
    for target, *lines in (
        ("/v1/health",),
        ("/v1/health",),
        ("/v1/orders", f"X-API-Key: {KEY}"),
        ("/v1/orders", "X-API-Key: other"),
        ("/v1/orders", "X-API-Key: nobody's"),
        ("/v1/orders",),
        ("/v1/orders/7", token),
        ("/nothing",),
        ("/v1/orders/%2F",),
    ):
        bench.request("GET", target, *lines)
    bench.request("POST", "/v1/orders", f"X-API-Key: {KEY}")
    bench.request("GET", "/v1/orders", f"X-API-Key: {KEY}", body=b"x")
    bench.send(b"NONSENSE\r\n\r\n")
    assert grown(before, counters(bench)) == {
        ("-", "allowed"): 3,
        ("acme", "allowed"): 1,
        ('a\\"b\\\\c{}d', "allowed"): 1,
        ("-", "authn.apiKey"): 1,
        ("-", "authn.missing"): 2,
        ("-", "route.unknown"): 1,
        ("-", "normalise.path"): 1,
        ("acme", "body.unexpected"): 1,
        ("-", "normalise.request"): 1,
    }


def test_clients_invent_no_labels(bench: Bench):
    before = counters(bench)
    bench.request("GET", "/v1/health", "X-Gwc-Consumer: evil", "X-Gwc-Reason: evil", "X-Gwc-Subject: evil")
    assert grown(before, counters(bench)) == {("-", "allowed"): 1}


def test_a_client_that_leaves_gets_no_answer(bench: Bench):
    before = counters(bench)
    with connected(bench.running.port, Offer(sni="api.test")) as connection:
        connection.send(b"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n")
    with connected(bench.running.port, Offer(sni="api.test")) as connection:
        connection.send(b"POST /v1/health HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nx")
    assert set(grown(before, counters(bench))) <= {("-", "route.method")}  # the second one's answer needs no body


def test_nothing_else_is_shown(bench: Bench):
    bench.request("GET", "/v1/health")  # a counter is there from its first request on
    status, text, kind = get(bench)
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    lines = text.strip().splitlines()
    assert lines[0] == f"# TYPE {METRIC} counter"
    assert all(line.startswith(f"{METRIC}{{") for line in lines[1:])
    for target in (
        "/",
        "/metrics/",
        "/metrics?filter=.*",
        "/stats",
        "/stats/prometheus",
        "/config_dump",
        "/quitquitquit",
        "/metrics/../stats",
    ):
        assert get(bench, target)[0] == 404, target
    assert get(bench, method="POST")[0] == 404


def test_the_administration_interface_is_for_counters_and_for_one_user(bench: Bench):
    path = bench.running.folder / metrics.SOCKET
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for method, target, expected in (
        ("GET", "/config_dump", 403),
        ("POST", "/quitquitquit", 403),
        ("GET", "/stats", 403),
        ("GET", "/stats/prometheus?x", 200),
    ):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(os.path.relpath(path))
            admin.sendall(f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            assert int(admin.recv(4096).split(b" ")[1]) == expected, target


def test_without_the_control_there_is_no_administration_interface(tmp_path: Path):
    with running(replace(sample(), metrics=()), tmp_path) as plain:
        assert plain.request("GET", "/v1/health").status == 200
        assert not list(plain.running.folder.rglob("*.sock"))


def test_both_workers_count_into_one(bench: Bench):
    before = counters(bench)
    for _ in range(40):
        bench.request("GET", "/v1/health")
    assert grown(before, counters(bench)) == {("-", "allowed"): 40}


def test_the_form_of_watched_files(tmp_path: Path):
    with running(sample(), tmp_path, form="xds") as other:
        deadline = time.monotonic() + 10
        while other.request("GET", "/v1/health").status != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert counters(other)["-", "allowed"] >= 1
