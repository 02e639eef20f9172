"""Phase 9 on the real Envoy: in both Lua filters, and with every part of it broken."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gwc.backends.envoy import chain, lanes, validation
from gwc.jsonschema.tree import Required, Schema, Types
from gwc.local.processes import NotStarted
from tests.support.envoy_process import Bench, Change, find, running
from tests.support.requests import Answer, Offer, connected
from tests.support.validated import FAULTS, GOOD, KEY, REFUSED, counters, validated_gateway, watched_gateway

pytestmark = pytest.mark.gateway

SPLIT = pytest.mark.parametrize("is_split", [False, True], ids=["one filter", "two filters"])


def send(bench: Bench, target: str, body: bytes) -> Answer:
    (header,) = [k.name for k in bench.gateway.api_keys]
    return bench.request("POST", target, "Content-Type: application/json", f"{header}: {KEY}", body=body)


def errors(answer: Answer) -> list[tuple[str, str, str]]:
    return [(e["in"], e["pointer"], e["keyword"]) for e in answer.problem().get("errors", [])]


@SPLIT
def test_what_holds_passes_and_what_does_not_is_told(tmp_path: Path, is_split: bool):
    with running(validated_gateway(is_split=is_split), tmp_path) as bench:
        assert send(bench, *GOOD).status == 200
        (received,) = bench.upstream.take()
        assert received.body_bytes == len(GOOD[1])
        for (target, body), (reason, expected) in REFUSED.items():
            answer = send(bench, target, body)
            assert (answer.status, answer.problem()["reason"], errors(answer)) == (400, reason, expected)
        assert not bench.upstream.take()


def in_source(filter_name: str, code: str, instead: str) -> Change:
    """Replaces a piece of a Lua filter, which must be there once."""

    def change(document: Any) -> None:
        for node in find(document, lambda n: n.get("name") == filter_name and "typed_config" in n):
            source = node["typed_config"]["default_source_code"]
            assert source["inline_string"].count(code) == 1, code
            source["inline_string"] = source["inline_string"].replace(code, instead)

    return change


def in_routes(apply: Callable[[dict[str, str]], object]) -> Change:
    """Changes what the routes of operations say to the Lua filters."""

    def change(document: Any) -> None:
        for node in find(document, lambda n: "filter_context" in n):
            apply(node["filter_context"])

    return change


def refuses_everything(bench: Bench) -> None:
    answer = send(bench, *GOOD)
    assert (answer.status, answer.problem()["reason"]) == (500, "internal.error")
    assert not bench.upstream.take()


@SPLIT
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_phase_refuses(tmp_path: Path, is_split: bool, fault: str):
    change = in_source(chain.BODY if is_split else chain.ACCESS, *FAULTS[fault])
    with running(validated_gateway(is_split=is_split), tmp_path, change=change) as bench:
        refuses_everything(bench)


@SPLIT
@pytest.mark.parametrize(
    "apply",
    [lambda context: context.update(rule="nothing"), lambda context: context.pop("rule", None), lambda context: context.update(rule="")],
    ids=["unknown", "missing", "empty"],
)
def test_a_route_that_names_no_rule_refuses(tmp_path: Path, is_split: bool, apply: Callable[[dict[str, str]], object]):
    with running(validated_gateway(is_split=is_split), tmp_path, change=in_routes(apply)) as bench:
        refuses_everything(bench)


def test_the_rule_of_another_lane_is_not_known_to_the_filter(tmp_path: Path):
    """The first filter knows no rules of operations that the second one judges."""
    name = validation.collect(validated_gateway()).names["orders.open"]
    first, second = (f(lanes.collect(validated_gateway(is_split=True))) for f in (lanes.access_filter, lanes.body_filters))
    assert name not in json.dumps(first)
    assert name in json.dumps(second)


def test_without_the_compiled_schemas_envoy_does_not_start(tmp_path: Path):
    change = in_source(chain.ACCESS, 'package.preload["gwc.schemas"]', 'package.preload["gwc.other"]')
    with pytest.raises(NotStarted, match=r"gwc\.schemas"), running(validated_gateway(), tmp_path, change=change):
        pass


# --- what upstreams answer


ECHO = Schema((Types(("object",)), Required(("method",))))
"""What the upstream of the tests answers."""


def words(bench: Bench) -> list[str]:
    time.sleep(0.3)  # the log is written behind the answer
    return [line["response"] for line in bench.running.log()]


def test_answers_are_counted_and_stay_as_they_are(tmp_path: Path):
    with running(watched_gateway(ECHO), tmp_path) as bench:
        answers = [bench.request("GET", f"/v1/watched/{wish}") for wish in ("a", "a", "large", "status-404", "close")]
        assert [a.status for a in answers] == [200, 200, 200, 404, 502]
        assert len(answers[2].body) == 4 * 65536
        assert words(bench) == ["valid", "valid", "contentType", "status", "-"]
        lines = counters(bench.gateway)
    counted = {line.partition("{")[2]: line for line in lines if line.startswith("gwc_responses_total")}
    assert sorted(counted) == [
        f'operation="orders.watched",response="{word}"}} {count}' for word, count in (("contentType", 1), ("status", 1), ("valid", 2))
    ]
    assert 'gwc_requests_total{consumer="-",reason="allowed"} 4' in lines


@pytest.mark.parametrize("code", ["error('boom')", "return nil", "return 'true'"])
def test_a_broken_schema_changes_no_answer(tmp_path: Path, code: str):
    change = in_source(chain.ACCESS, "return V\n", f"V[1] = function() {code} end return V\n")
    with running(watched_gateway(ECHO), tmp_path, change=change) as bench:
        answer = bench.request("GET", "/v1/watched/a")
        assert (answer.status, answer.value("content-type")) == (200, "application/json")
        assert words(bench) == ["unchecked"]
        assert bench.request("GET", "/v1/watched/a").status == 200


@contextmanager
def dripping(arrived: threading.Event) -> Iterator[int]:
    """An upstream that sends the end of its answer only when the beginning has arrived. Its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\nConnection: close\r\n\r\n" + b" " * 7
                )
                arrived.wait(5)
                connection.sendall(b'{"method": 1}')

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_answers_are_not_held_back(tmp_path: Path):
    """The first bytes are with the client before the last ones have left the upstream."""
    arrived = threading.Event()
    with dripping(arrived) as port:

        def change(document: Any) -> None:
            for endpoint in find(document, lambda n: "endpoint" in n):
                endpoint["endpoint"]["address"].get("socket_address", {}).update(port_value=port)

        with (
            running(watched_gateway(ECHO), tmp_path, change=change) as bench,
            connected(bench.running.port, Offer(sni="api.test", source="127.0.0.1", certificate=None)) as client,
        ):
            client.socket.sendall(b"GET /v1/watched/a HTTP/1.1\r\nHost: api.test\r\n\r\n")
            received = b""
            while b"\r\n\r\n       " not in received:
                received += client.socket.recv(65536)
            assert b"method" not in received
            arrived.set()
            while b'{"method": 1}' not in received:
                received += client.socket.recv(65536)
            assert words(bench) == ["valid"]
