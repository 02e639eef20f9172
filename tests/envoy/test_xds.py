"""The form of files that Envoy watches: a rename applies without a restart, a write in place does not, a broken file keeps the old policy."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.load import connected
from gwc.backends import envoy
from gwc.ir import Gateway, Operation
from tests.support.envoy_process import Bench, find, running
from tests.support.sample import gateway, one

pytestmark = pytest.mark.gateway

LISTENERS = "xds/lds.json"


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
    good = (bench.running.folder / LISTENERS).read_bytes()
    replace_file(bench, LISTENERS, closed_health(good))
    assert within(10, lambda: health(bench) == 500)
    replace_file(bench, LISTENERS, good)
    assert within(10, lambda: health(bench) == 200)


def test_a_write_in_place_is_not_noticed(bench: Bench):
    path = bench.running.folder / LISTENERS
    path.write_bytes(closed_health(path.read_bytes()))
    assert not within(2, lambda: health(bench) != 200)


def test_a_broken_file_keeps_the_old_policy(bench: Bench):
    good = (bench.running.folder / LISTENERS).read_bytes()
    replace_file(bench, LISTENERS, closed_health(good))
    assert within(10, lambda: health(bench) == 500)
    replace_file(bench, LISTENERS, good.replace(b'"direct_response"', b'"direct_answer"'))
    assert not within(2, lambda: health(bench) != 500)


def test_unknown_fields_are_refused_only_by_the_option(bench: Bench):
    """Without `--reject-unknown-dynamic-fields` Envoy 1.40 takes a file with them and logs a warning: a control of a later version would be lost."""
    good = (bench.running.folder / LISTENERS).read_bytes()
    replace_file(bench, LISTENERS, closed_health(good).replace(b'"allow_chunked_length"', b'"allow_chunked_len"'))
    assert not within(2, lambda: health(bench) != 200)
    assert "config update rejected" in bench.running.complaints() or "config update failure" in bench.running.complaints()


def test_a_connection_from_before_keeps_its_policy_whole(bench: Bench):
    """Its filters and its routes are of one policy; new connections have the new one at once."""
    files = compiled_for(bench, replace(bench.gateway, operations=protected(bench.gateway)))
    line = b"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n\r\n"
    with connected(bench.running.port) as kept:
        kept.sendall(line)
        assert status(kept) == (200, False)
        replace_file(bench, LISTENERS, files[LISTENERS])
        assert within(10, lambda: health(bench) == 401)
        kept.sendall(line)
        assert status(kept) == (200, True)


def status(connection: ssl.SSLSocket) -> tuple[int, bool]:
    """The status of the answer, and whether it is the last one of its connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status, response.will_close


def protected(source: Gateway) -> tuple[Operation, ...]:
    """The public operation asks for a token with a scope that no other operation asks for, and is the last one now."""
    health, *others = source.operations
    return (*others, replace(health, security=one("oauth", "health")))


def compiled_for(bench: Bench, source: Gateway) -> Mapping[str, bytes]:
    return envoy.compile(replace(source, listener_tls=replace(source.listener_tls, port=bench.running.port))).files
