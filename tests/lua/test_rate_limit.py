"""Token buckets: the Lua core takes tokens exactly as the control says."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from gwc.backends.kong import rate_limit
from gwc.controls.consumer import ConsumerLimit
from gwc.controls.rate_limit import RateLimit, full, take
from gwc.controls.rate_limit_key import ClaimKey
from gwc.controls.side import ConsumerSide
from tests.lua.lua_core import Core, module, to_lua, to_python
from tests.support.sample import address_limit, gateway

LIMIT = address_limit(id="l", limit=30, window_s=60, burst=5, operations=("orders.getHealth",))
OF_IDENTITY = replace(LIMIT, key=(ConsumerSide(),))


class Buckets:
    """`gwc.rate_limit` over dictionaries and a clock. `answers`: what the shared store says, one list or None for each round trip."""

    def __init__(self, capacity=100, answers=()):
        self.answers, self.asked = list(answers), []
        self.core = Core(gateway(), capacity=capacity, shared=self._ask)
        self.lua, self.clock, self.noted = self.core.lua, self.core.clock, self.core.noted
        self.module = module(self.lua, "rate_limit")
        self.told = None

    def _ask(self, keys, arguments):
        self.asked.append((to_python(keys), to_python(arguments)))
        answer = self.answers.pop(0)
        return (None, answer) if isinstance(answer, str) else to_lua(self.lua, answer)

    def check(self, client="1.2.3.4", *limits: RateLimit, consumer=None, cost=1):
        described = {n: rate_limit._described(x, "gwc:orders:") for n, x in enumerate(limits or (LIMIT,), 1)}
        self.core.core.data.rate_limits = to_lua(self.lua, described)
        self.module.prepare(self.core.core)
        phases = self.module.by_phase(self.core.core, to_lua(self.lua, [[n, cost] for n in described]))
        self.told = to_lua(self.lua, {"policies": [], "states": []})
        facts = to_lua(self.lua, {"r": {"client": client}, "verified": {"consumer": consumer, "tokens": [], "claims": {}}})
        found = phases.flood or phases.throttle or phases.body
        return to_python(self.module.check(self.core.core, found, facts, self.told, "flood.limit"))

    def fields(self):
        return to_python(self.module.fields(self.told))

    def check_consumer(self, consumer, *limits: ConsumerLimit):
        described = [{"id": x.id, "limit": x.limit, "window_s": x.window_s, "burst": x.burst} for x in limits]
        own = self.module.of_consumer(consumer, to_lua(self.lua, described))
        told = to_lua(self.lua, {"policies": [], "states": []})
        return to_python(self.module.check(self.core.core, own, self.lua.table(), told, "throttle.limit"))


def test_equals_the_control():
    buckets, bucket, rng = Buckets(), full(LIMIT, 1.8e9), random.Random(1)
    for _ in range(2000):
        buckets.clock[0] = round(buckets.clock[0] + rng.choice([0, 0, 0.5, 1, 2, 2.001, 7, 30]), 3)
        cost = rng.choice([1, 1, 1, 2, 5])
        after = take(LIMIT, bucket, buckets.clock[0] + 1e-6, cost)
        refusal = buckets.check(cost=cost)
        assert (refusal is None) == (after is not None)
        bucket = after or bucket


def test_a_clock_that_was_set_back_refills_nothing_and_locks_nobody_out():
    """An hour forward is an hour of refill; an hour back is none, and then time goes on from there."""
    buckets, bucket = Buckets(), full(LIMIT, 1.8e9)
    for jump_s in (0, 0, 0, 3600, 0, 0, 0, 0, 0, -3600, 0, 2, 0, -86_400, 2, 2, 0, 1.5, 0.5):
        buckets.clock[0] += jump_s
        after = take(LIMIT, bucket, buckets.clock[0])
        assert (buckets.check() is None) == (after is not None), jump_s
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


def test_the_longest_wait_is_told():
    slow = replace(LIMIT, id="slow", window_s=600)
    for limits in ((LIMIT, slow), (slow, LIMIT)):
        buckets = Buckets()
        for _ in range(5):
            assert buckets.check("a", *limits) is None
        assert buckets.check("a", *limits)["headers"] == {"Retry-After": "20"}


def test_clients_and_limits_have_buckets_of_their_own():
    buckets = Buckets()
    other = address_limit(id="m", limit=30, window_s=60, burst=5, operations=LIMIT.operations)
    assert all(buckets.check("1.1.1.1") is None for _ in range(5))
    assert buckets.check("1.1.1.1") is not None
    assert buckets.check("1.1.1.2") is None
    assert buckets.check("1.1.1.1", other) is None


def test_every_limit_loses_a_token():
    buckets = Buckets()
    small = address_limit(id="s", limit=1, window_s=3600, burst=1, operations=LIMIT.operations)
    assert buckets.check("1.1.1.1", small, LIMIT) is None
    assert all(buckets.check("1.1.1.1", small, LIMIT) is not None for _ in range(4))
    assert buckets.check("1.1.1.1", LIMIT) is not None


def test_a_cost_takes_so_many_and_a_refusal_none():
    buckets = Buckets()
    assert buckets.check(cost=3) is None
    assert buckets.check(cost=3)["headers"] == {"Retry-After": "2"}
    assert buckets.check(cost=2) is None


def test_identities_are_never_forgotten():
    """A full dictionary refuses who is new."""
    buckets = Buckets(capacity=2)
    for name in "ab":
        assert all(buckets.check("1.1.1.1", OF_IDENTITY, consumer=name) is None for _ in range(5))
    assert buckets.check("1.1.1.1", OF_IDENTITY, consumer="c") == {"reason": "internal.unavailable"}
    assert buckets.check("1.1.1.1", OF_IDENTITY, consumer="a")["reason"] == "flood.limit"
    assert not buckets.noted


def test_the_oldest_address_is_forgotten_and_that_is_counted():
    buckets = Buckets(capacity=2)
    assert all(buckets.check(f"1.1.1.{n}") is None for n in range(3))
    assert buckets.noted == [("l", "forgotten")]


def test_a_lock_that_nobody_releases_denies():
    buckets = Buckets()
    assert buckets.check() is None
    buckets.core.locks.add(buckets.core.locks, "gwc_limit_l\0t4:\1\2\3\4", True)
    assert buckets.check() == {"reason": "internal.unavailable"}
    assert buckets.check("1.2.3.5") is None


def test_fields_tell_what_is_left():
    """The draft's own members, for the limits that ask for it only; a refusal tells as well."""
    told, silent = replace(LIMIT, has_fields=True), replace(LIMIT, id="silent", limit=60)
    buckets = Buckets()
    assert buckets.check("1.1.1.1", told, silent) is None
    assert buckets.fields() == {"RateLimit-Policy": '"l";q=30;w=60', "RateLimit": '"l";r=4;t=2'}
    assert buckets.check("1.1.1.1", silent) is None
    assert buckets.fields() is None
    for _ in range(4):
        assert buckets.check("1.1.1.1", told) is None
    refusal = buckets.check("1.1.1.1", told, replace(told, id="m", window_s=600))
    assert refusal["headers"] == {
        "Retry-After": "2",
        "RateLimit-Policy": '"l";q=30;w=60, "m";q=30;w=600',
        "RateLimit": '"l";r=0;t=2, "m";r=4;t=20',
    }


# --- consumers ---------------------------------------------------------------------------------------------------------

OF_CONSUMER = ConsumerLimit(id="l", limit=30, window_s=60, burst=5)


def test_consumers_have_buckets_of_their_own():
    """Also when limit and consumer have the name of another limit and an address."""
    buckets = Buckets()
    assert [buckets.check_consumer("acme", OF_CONSUMER) for _ in range(5)] == [None] * 5
    assert buckets.check_consumer("acme", OF_CONSUMER) == {"reason": "throttle.limit", "headers": {"Retry-After": "2"}}
    assert buckets.check_consumer("beta", OF_CONSUMER) is None
    assert buckets.check_consumer("acme", ConsumerLimit(id="m", limit=30, window_s=60, burst=5)) is None
    assert [buckets.check() for _ in range(5)] == [None] * 5
    assert buckets.check()["reason"] == "flood.limit"


def test_a_full_store_denies_consumers_too():
    buckets = Buckets(capacity=1)
    assert buckets.check_consumer("acme", OF_CONSUMER) is None
    assert buckets.check_consumer("beta", OF_CONSUMER) == {"reason": "internal.unavailable"}


# --- shared stores -----------------------------------------------------------------------------------------------------

SHARED = replace(LIMIT, key=(ConsumerSide(),), store_failure="deny")
NUMBER, TEXT = ({"kind": k} for k in ("number", "text"))


def said(taken, tokens, since_s=0.0):
    return [{**NUMBER, "value": taken}, {**TEXT, "value": str(tokens)}, {**TEXT, "value": str(since_s)}]


def test_all_shared_limits_of_a_phase_are_one_round_trip():
    other = replace(SHARED, id="m", key=(ClaimKey(name="sub"),), algorithm="fixedWindow", burst=30, has_fields=True)
    buckets = Buckets(answers=[[*said(1, 4), *said(0, 0.5, 12.25)]])
    refusal = buckets.check("1.1.1.1", SHARED, other, replace(OF_IDENTITY, id="own"), consumer="acme", cost=2)
    assert refusal["headers"] == {"Retry-After": "48", "RateLimit-Policy": '"m";q=30;w=60', "RateLimit": '"m";r=0;t=48'}
    ((keys, arguments),) = buckets.asked
    assert [k.rpartition(":")[0] for k in keys] == ["gwc:orders:l", "gwc:orders:m"]
    assert all(len(k.rpartition(":")[2]) == 32 and "acme" not in k for k in keys)
    assert arguments == [30, 60, 5, 2, 0, 30, 60, 30, 2, 1]


@pytest.mark.parametrize("failure", ["deny", "allow"])
def test_a_store_that_fails(failure):
    """As declared, for each limit by itself; what is counted here goes on."""
    limit = replace(SHARED, store_failure=failure)
    buckets = Buckets(answers=["timeout"] * 7)
    wanted = {"reason": "internal.unavailable"} if failure == "deny" else None
    assert buckets.check("1.1.1.1", limit, consumer="acme") == wanted
    assert buckets.noted == [("l", "storeFailed", "timeout")]
    both = (limit, replace(OF_IDENTITY, id="own"))
    assert [buckets.check("1.1.1.1", *both, consumer="acme") for _ in range(5)] == [wanted] * 5
    assert buckets.check("1.1.1.1", *both, consumer="acme")["reason"] == ("flood.limit" if failure == "allow" else "internal.unavailable")


HALF = said(1, 4)[:2]
ODD = [
    [],
    HALF,
    [*said(1, 4), *HALF],
    [*said(1, 4), *said(1, 4)],
    said(2, 4),
    said(1, "nan"),
    said(1, "inf"),
    said(1, "x"),
    [HALF[1], HALF[0], HALF[1]],
]


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
def test_an_odd_answer_is_none(answer):
    buckets = Buckets(answers=[answer])
    assert buckets.check("1.1.1.1", SHARED, consumer="acme") == {"reason": "internal.unavailable"}
    assert buckets.noted == [("l", "storeFailed", "protocol")]
