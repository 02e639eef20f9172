"""Thousands of requests with odd credentials: every gateway does with each of them exactly what the model says, and no secret gets out.

The requests come from a seed. To see one again: the same seed and number, and `OddRequests(seed)`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from gwc.local.processes import Running
from gwc.semantics import State
from tests.conformance.conformance_hosts import HOSTS, require
from tests.support.cases import Case, Expectation, Step
from tests.support.harness import Bench, Exchange, bench, compare, log_disagreements, running, settled_log
from tests.support.odd_requests import SECRETS, OddRequests, Probe
from tests.support.requests import Answer, Connections, Offer, connected, exchange
from tests.support.restrictions import base_gateway

pytestmark = pytest.mark.gateway
SHOWN = 20
KINDS = (
    "allowed",
    "authn.malformed",
    "authn.claims",
    "authn.signature",
    "authn.apiKey",
    "authn.basic",
    "authn.certificate",
    "authz.object",
    "authz.claim",
)


@pytest.mark.parametrize("host", HOSTS)
def test_odd_credentials(host: str, tmp_path, count_requests):
    _fuzz(host, "credentials 2026", 600, tmp_path, count_requests)


@pytest.mark.long
@pytest.mark.parametrize("host", HOSTS)
def test_many_odd_credentials(host: str, tmp_path, count_requests):
    _fuzz(host, f"many for {host}", 20_000, tmp_path, count_requests)


@pytest.mark.parametrize("host", HOSTS)
def test_secrets_of_clients_that_leave(host: str, tmp_path):
    """What goes wrong while an answer is written is the server's to log, but not with the query in it."""
    require(host)
    case = Case("clients that leave", tmp_path, tmp_path, ())
    with bench(case, base_gateway(), tmp_path) as prepared, running(host, prepared, tmp_path) as process:
        for method in ("HEAD", "GET"):
            for fields in _UNFINISHED:
                _leave(process.port, f"{method} /v1/query?api_key=acme-key HTTP/1.1\r\nHost: api.test\r\n{fields}".encode())
        assert settled_log(process, 1), "no request came as far as the log"
        wrong = _leaks(process)
    assert wrong == []


_UNFINISHED = (
    "\r\n",
    "Content-Length: 100000\r\n\r\n" + "x" * 5000,
    "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
)


def _leave(port: int, raw: bytes) -> None:
    """Sends a request some times, and goes before the answer is there."""
    for _ in range(10):
        with suppress(OSError), connected(port, Offer("api.test")) as connection:
            connection.send(raw)


def _fuzz(host: str, seed: str, count: int, folder: Path, count_requests) -> None:
    require(host)
    case = Case("odd credentials", folder, folder, ())
    with bench(case, base_gateway(), folder) as prepared, running(host, prepared, folder) as process:
        exchanges, wrong = _run(OddRequests(seed), count, prepared, process)
        lines = settled_log(process, sum(e.answer.status > 0 for e in exchanges), within_s=15)
        wrong += log_disagreements(exchanges, lines, prepared.gateway)
        wrong += _leaks(process)
    count_requests(host, count, len(wrong))
    if wrong:
        pytest.fail(f"{len(wrong)} disagreements (seed {seed!r})\n" + "\n".join(w[:1500] for w in wrong[:SHOWN]))
    found = Counter(_reason(e) for e in exchanges)
    assert found["allowed"] > count / 8, found
    assert all(found[kind] for kind in KINDS), found


def _run(requests: OddRequests, count: int, prepared: Bench, process: Running) -> tuple[list[Exchange], list[str]]:
    """What was seen, and every disagreement."""
    state, connections, exchanges, wrong = State(), Connections(process.port), [], []
    with connections.stack:
        for number in range(count):
            probe = requests.next()
            done = _ask(probe, _step(number, probe), prepared, connections, state)
            exchanges.append(done)
            wrong += [f"{number}: {probe}: {text}" for text in compare(done)]
    return exchanges, wrong


def _ask(probe: Probe, step: Step, prepared: Bench, connections: Connections, state: State) -> Exchange:
    raw, offer = probe.raw(), prepared.offer(step)
    verdict = prepared.judge(step, raw, state)
    answer: Answer = (
        connections.exchange(repr((probe.source, probe.certificate)), raw, offer)
        if probe.is_kept
        else exchange(connections.port, raw, offer)
    )
    return Exchange(step, raw, verdict, answer, prepared.take())


def _step(number: int, probe: Probe) -> Step:
    spec = {"source": probe.source, "method": probe.method}
    if probe.certificate is None:
        return Step(str(number), spec, Expectation("allowed"))
    is_trusted = probe.certificate.get("trusted", True)
    also = () if is_trusted else ("normalise.request",)  # NGINX reads the head first, and takes no two fields Authorization
    return Step(str(number), {**spec, "certificate": probe.certificate}, Expectation("allowed"), also)


def _leaks(process: Running) -> list[str]:
    """Secrets in what the gateway wrote: access log, errors, crashes."""
    written = (process.folder / "stdout").read_bytes().decode("utf-8", "replace") + process.complaints()
    return [f"{word} is in the gateway's output" for word in SECRETS if word in written]


def _reason(done: Exchange) -> str:
    if done.verdict.forwarded:
        return "allowed"
    return done.verdict.faults[0].reason
