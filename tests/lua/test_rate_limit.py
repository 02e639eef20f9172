"""Token buckets: the Lua core takes tokens exactly as the control says."""

from __future__ import annotations

import random

from gwc.controls.consumer import ConsumerLimit
from gwc.controls.rate_limit import RateLimit, full, take
from tests.lua.lua_core import Core, to_lua, to_python
from tests.support.sample import address_limit, gateway

LIMIT = address_limit(id="l", limit=30, window_s=60, burst=5, operations=("orders.getHealth",))


class Buckets:
    """`gwc.rate_limit` over a dictionary and a clock."""

    def __init__(self, capacity=100):
        self.core = Core(gateway(), capacity=capacity)
        self.lua, self.clock = self.core.lua, self.core.clock
        self.dictionary = self.core.dictionary
        host = {"now": lambda: self.clock[0], "sleep": self.slept, "dictionary": self.dictionary}
        self.host, self.sleeps = self.lua.table_from(host), []
        self.module = self.lua.eval('(require "gwc.rate_limit")')

    def slept(self, seconds):
        self.sleeps.append(seconds)

    def check(self, client="1.2.3.4", *limits: RateLimit):
        return to_python(self.module.check(self.host, self._described(limits or (LIMIT,)), client))

    def check_consumer(self, consumer, *limits: ConsumerLimit):
        return to_python(self.module.check_consumer(self.host, self._described(limits), consumer))

    def _described(self, limits):
        return to_lua(self.lua, [{"id": x.id, "limit": x.limit, "window_s": x.window_s, "burst": x.burst} for x in limits])


def test_equals_the_control():
    buckets, bucket, rng = Buckets(), full(LIMIT, 1.8e9), random.Random(1)
    for _ in range(2000):
        buckets.clock[0] = round(buckets.clock[0] + rng.choice([0, 0, 0.5, 1, 2, 2.001, 7, 30]), 3)
        after = take(LIMIT, bucket, buckets.clock[0])
        refusal = buckets.check()
        assert (refusal is None) == (after is not None)
        bucket = after or bucket


def test_burst_and_refill():
    buckets = Buckets()
    assert [buckets.check() for _ in range(5)] == [None] * 5
    refusal = buckets.check()
    assert refusal == {"reason": "flood.limit", "headers": {"Retry-After": "2"}}
    buckets.clock[0] += 1.9
    assert buckets.check()["headers"] == {"Retry-After": "1"}
    buckets.clock[0] += 0.1
    assert buckets.check() is None
    assert buckets.check() is not None


def test_clients_and_limits_have_buckets_of_their_own():
    buckets = Buckets()
    other = address_limit(id="m", limit=30, window_s=60, burst=5, operations=LIMIT.operations)
    assert all(buckets.check("a") is None for _ in range(5))
    assert buckets.check("a") is not None
    assert buckets.check("b") is None
    assert buckets.check("a", other) is None


def test_every_limit_loses_a_token():
    buckets = Buckets()
    small = address_limit(id="s", limit=1, window_s=3600, burst=1, operations=LIMIT.operations)
    assert buckets.check("a", small, LIMIT) is None
    assert all(buckets.check("a", small, LIMIT) is not None for _ in range(4))
    assert buckets.check("a", LIMIT) is not None


def test_a_full_store_denies_and_forgets_nobody():
    buckets = Buckets(capacity=2)
    for client in "ab":
        assert all(buckets.check(client) is None for _ in range(5))
    assert buckets.check("c") == {"reason": "internal.unavailable"}
    assert buckets.check("a")["reason"] == "flood.limit"


def test_a_lock_that_nobody_releases_denies():
    buckets = Buckets()
    assert buckets.check() is None
    buckets.dictionary.add(buckets.dictionary, "lock\0l\x001.2.3.4", True)
    assert buckets.check() == {"reason": "internal.unavailable"}
    assert buckets.sleeps
    assert buckets.check("other") is None


OF_CONSUMER = ConsumerLimit(id="l", limit=30, window_s=60, burst=5)


def test_consumers_have_buckets_of_their_own():
    """Also when limit and consumer have the name of another limit and an address."""
    buckets = Buckets()
    assert [buckets.check_consumer("acme", OF_CONSUMER) for _ in range(5)] == [None] * 5
    assert buckets.check_consumer("acme", OF_CONSUMER) == {"reason": "throttle.limit", "headers": {"Retry-After": "2"}}
    assert buckets.check_consumer("beta", OF_CONSUMER) is None
    assert buckets.check_consumer("acme", ConsumerLimit(id="m", limit=30, window_s=60, burst=5)) is None
    assert [buckets.check("acme") for _ in range(5)] == [None] * 5
    assert buckets.check("acme")["reason"] == "flood.limit"


def test_a_consumer_without_limits_is_not_counted():
    buckets = Buckets()
    assert buckets.check_consumer("acme") is None
    assert not to_python(buckets.dictionary.entries)


def test_a_full_store_denies_consumers_too():
    buckets = Buckets(capacity=1)
    assert buckets.check_consumer("acme", OF_CONSUMER) is None
    assert buckets.check_consumer("beta", OF_CONSUMER) == {"reason": "internal.unavailable"}
