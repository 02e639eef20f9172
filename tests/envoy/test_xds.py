"""The form of files that Envoy watches: a rename applies without a restart, a write in place does not, a broken file keeps the old policy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gwc.backends import envoy
from gwc.ir import Gateway, Operation
from tests.support.envoy_process import Bench, find, running
from tests.support.sample import gateway, one

pytestmark = pytest.mark.gateway

ROUTES = "xds/rds-gateway.json"


def closed_health(document: bytes) -> bytes:
    """The public operation for nobody."""
    made = json.loads(document)
    for route in find(made, lambda n: n.get("name") == "orders.getHealth"):
        del route["typed_per_filter_config"]
    return json.dumps(made).encode()


def replace_file(bench: Bench, name: str, data: bytes) -> None:
    path = bench.running.folder / name
    beside = path.with_suffix(".new")
    beside.write_bytes(data)
    beside.rename(path)


def health(bench: Bench) -> int:
    return bench.request("GET", "/v1/health").status


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def bench(tmp_path: Path):
    with running(gateway(), tmp_path, form="xds") as bench:
        assert within(10, lambda: health(bench) == 200)
        yield bench


def test_a_rename_applies(bench: Bench):
    good = (bench.running.folder / ROUTES).read_bytes()
    replace_file(bench, ROUTES, closed_health(good))
    assert within(10, lambda: health(bench) == 500)
    replace_file(bench, ROUTES, good)
    assert within(10, lambda: health(bench) == 200)


def test_a_write_in_place_is_not_noticed(bench: Bench):
    path = bench.running.folder / ROUTES
    path.write_bytes(closed_health(path.read_bytes()))
    assert not within(2, lambda: health(bench) != 200)


def test_a_broken_file_keeps_the_old_policy(bench: Bench):
    good = (bench.running.folder / ROUTES).read_bytes()
    replace_file(bench, ROUTES, closed_health(good))
    assert within(10, lambda: health(bench) == 500)
    replace_file(bench, ROUTES, good.replace(b'"direct_response"', b'"direct_answer"'))
    assert not within(2, lambda: health(bench) != 500)


def test_routes_of_another_policy_are_never_judged_by_the_wrong_lane(bench: Bench):
    """Routes and listeners are two files. Until both are there, a request gets the decision that both mean, or none."""
    files = compiled_for(bench, replace(bench.gateway, operations=protected(bench.gateway)))
    old_routes = (bench.running.folder / ROUTES).read_bytes()
    replace_file(bench, ROUTES, files[ROUTES])
    assert within(10, lambda: health(bench) == 500)
    assert not within(1, lambda: health(bench) == 200)
    replace_file(bench, "xds/lds.json", files["xds/lds.json"])
    assert within(10, lambda: health(bench) == 401)
    replace_file(bench, ROUTES, old_routes)
    assert within(10, lambda: health(bench) == 500)


def protected(source: Gateway) -> tuple[Operation, ...]:
    """The public operation asks for a token with a scope that no other operation asks for, and is the last one now."""
    health, *others = source.operations
    return (*others, replace(health, security=one("oauth", "health")))


def compiled_for(bench: Bench, source: Gateway) -> Mapping[str, bytes]:
    return envoy.compile(replace(source, listener_tls=replace(source.listener_tls, port=bench.running.port))).files
