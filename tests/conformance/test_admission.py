"""Measured admission over time equals the control's bucket within one token, on every gateway, with any number of workers."""

from __future__ import annotations

import importlib
import random
import time
from dataclasses import replace

import pytest

from gwc.backends.base import TargetProblems
from gwc.controls import forwarding
from gwc.controls.rate_limit import RateLimit
from gwc.controls.rate_limit_key import ClientAddress, HeaderKey
from gwc.ir import Gateway
from tests.conformance.conformance_hosts import require
from tests.support import sample
from tests.support.admission import Seen, ask, ask_for, counting, disagreements

HOSTS = ("nginx", "envoy", "openresty")
_ADDRESS = sample.address_limit(id="address", limit=1200, window_s=60, burst=15, operations=("orders.getHealth",))
LIMITS = {
    "address": _ADDRESS,
    "address and fields": replace(_ADDRESS, has_fields=True, limit=1100),
    "header": replace(_ADDRESS, key=(ClientAddress(ipv6_prefix=64), HeaderKey(name="x-key")), limit=700, window_s=30),
}
"""On NGINX the first is `limit_req`, the others are the script's."""
REFUSED = {("envoy", "header"), ("envoy", "address and fields")}
"""What a target does not compile."""


def is_refused(host: str, name: str) -> bool:
    """Whether there is nothing to measure, because the limit does not compile; asserts that."""
    if (host, name) in REFUSED:
        with pytest.raises(TargetProblems, match="rate_limit"):
            importlib.import_module(f"gwc.backends.{host}").compile(source(LIMITS[name]))
    return (host, name) in REFUSED


def source(limit: RateLimit) -> Gateway:
    """The sample with this limit alone."""
    nothing = {"rules": (), "jwts": (), "api_keys": (), "basics": (), "mutual_tls": (), "consumers": (), "metrics": ()}
    operations = tuple(o for o in sample.gateway().operations if o.key == "orders.getHealth")
    return sample.gateway(rate_limits=(limit,), operations=operations, forwarding=forwarding.lower(()), **nothing)


def request(key: str = "") -> bytes:
    """To the limited operation."""
    field = f"X-Key: {key}\r\n" if key else ""
    return f"GET /v1/health HTTP/1.1\r\nHost: api.test\r\n{field}\r\n".encode()


def _traffic(port: int, seconds: float) -> list[Seen]:
    """One after the other, 200 at once, again after a moment, and one after the other."""
    seen = ask_for(port, "a", request("a"), seconds)
    for _ in range(2):
        seen += ask(port, [("a", request("a"))] * 200, 200)
        time.sleep(seconds / 3)
    return seen + ask_for(port, "a", request("a"), seconds)


def _check(host: str, limit: RateLimit, seen: list[Seen]) -> None:
    wrong = disagreements(limit, seen)
    admitted = sum(one.status == 200 for one in seen)
    print(f"{host}: {admitted} of {len(seen)} admitted in {max(o.received_s for o in seen) - min(o.sent_s for o in seen):.2f} s")
    assert not wrong, wrong[:5]
    assert limit.burst < admitted < len(seen)


def _measure(host: str, name: str, workers: int, seconds: float, tmp_path) -> None:
    require(host)
    if is_refused(host, name):
        return
    with counting(host, source(LIMITS[name]), tmp_path, workers) as running:
        seen = _traffic(running.port, seconds)
    _check(f"{host}, {workers} workers, {name}", LIMITS[name], seen)


@pytest.mark.gateway
@pytest.mark.parametrize("name", ["address", "header"])
@pytest.mark.parametrize("host", HOSTS)
def test_admission_equals_the_bucket(host: str, name: str, tmp_path) -> None:
    _measure(host, name, 2, 0.3, tmp_path)


@pytest.mark.long
@pytest.mark.gateway
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("host", HOSTS)
def test_admission_with_any_number_of_workers(host: str, name: str, workers: int, tmp_path) -> None:
    _measure(host, name, workers, 3, tmp_path)


def _many(host: str, count: int, tmp_path) -> None:
    """Each key twice in a random order; the first request of each is admitted, the second is not."""
    limit = replace(LIMITS["header"], limit=1, window_s=86400, burst=1, max_keys=max(100, count))
    keys = [f"k{n}" for n in range(count)]
    rng = random.Random(5)
    with counting(host, source(limit), tmp_path, workers=2) as running:
        for wanted in (200, 429):
            rng.shuffle(keys)
            seen = ask(running.port, [(key, request(key)) for key in keys], 16)
            assert [one.status for one in seen].count(wanted) == count


@pytest.mark.gateway
@pytest.mark.parametrize("host", HOSTS)
def test_keys_do_not_meet(host: str, tmp_path) -> None:
    require(host)
    if not is_refused(host, "header"):
        _many(host, 300, tmp_path)


@pytest.mark.long
@pytest.mark.gateway
@pytest.mark.parametrize("host", HOSTS)
def test_a_hundred_thousand_keys(host: str, tmp_path) -> None:
    require(host)
    if not is_refused(host, "header"):
        _many(host, 100_000, tmp_path)


def _seen(*times: tuple[float, int]) -> list[Seen]:
    return [Seen("a", at, at, status) for at, status in times]


def test_the_comparison_sees_what_is_wrong() -> None:
    """With a bucket of two tokens, one more each second."""
    limit = replace(_ADDRESS, limit=1, window_s=1, burst=2)
    good = _seen((0, 200), (0, 200), (0.5, 429), (1, 200), (1.5, 429))
    assert not disagreements(limit, good)
    assert not disagreements(limit, [*good, *_seen((1.6, 200))]), "within a token"
    assert disagreements(limit, [*good, *_seen((1.6, 200), (1.7, 200))]) == ["a: 1.30 tokens more than the bucket had"]
    assert disagreements(limit, [*good, *_seen((3.5, 429))]) == ["a: refused with 2.00 tokens in the bucket"]
    assert disagreements(limit, _seen((0, 500))) == ["a: answered 500"]
