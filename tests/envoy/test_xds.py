"""The form of files that Envoy watches: a rename applies without a restart, a write in place does not, a broken file keeps the old policy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.envoy_process import Bench, find, running
from tests.support.sample import gateway

pytestmark = pytest.mark.gateway

ROUTES = "xds/rds-gateway.json"


def closed_health(document: bytes) -> bytes:
    """The public operation for nobody."""
    made = json.loads(document)
    for route in find(made, lambda n: n.get("name") == "orders.getHealth"):
        route["typed_per_filter_config"]["gwc.authorization"]["rbac"] = {"rules": {"action": "ALLOW", "policies": {}}}
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
    assert within(10, lambda: health(bench) == 403)
    replace_file(bench, ROUTES, good)
    assert within(10, lambda: health(bench) == 200)


def test_a_write_in_place_is_not_noticed(bench: Bench):
    path = bench.running.folder / ROUTES
    path.write_bytes(closed_health(path.read_bytes()))
    assert not within(2, lambda: health(bench) != 200)


def test_a_broken_file_keeps_the_old_policy(bench: Bench):
    good = (bench.running.folder / ROUTES).read_bytes()
    replace_file(bench, ROUTES, closed_health(good))
    assert within(10, lambda: health(bench) == 403)
    replace_file(bench, ROUTES, good.replace(b'"direct_response"', b'"direct_answer"'))
    assert not within(2, lambda: health(bench) != 403)
