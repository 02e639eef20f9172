"""Buckets of the model at their borders, and what RateLimit fields say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from gwc.controls.rate_limit import full, take
from gwc.semantics import State
from gwc.semantics.rate_key import address_key, scalar_key
from gwc.semantics.rate_limit import _members, _start_of_window, take_tokens
from tests.support.sample import address_limit

LIMIT = address_limit(id="a", limit=1, window_s=10, burst=4, operations=("o.x",))
FIXED = replace(LIMIT, algorithm="fixedWindow", limit=4)


def admitted(limit, state, now_s, cost=1):
    """Whether the request gets through, and what Retry-After says otherwise."""
    found = list(take_tokens(limit, ("a", ""), "flood.limit", _start_of_window(limit, now_s), state, cost, now_s))
    return True if not found else int(dict(found[0].headers)["retry-after"])


def test_a_cost_at_its_border():
    state = State()
    assert [admitted(LIMIT, state, t, 3) for t in (0, 0, 19.999, 20)] == [True, 20, 1, True]


def test_a_dear_request_that_is_refused_leaves_tokens_for_a_cheap_one():
    state = State()
    assert [admitted(LIMIT, state, 0, cost) for cost in (3, 3, 1, 1)] == [True, 20, True, 10]


def test_a_clock_that_was_set_back_empties_and_then_fills():
    state = State()
    assert [admitted(LIMIT, state, t) for t in (1000, 1000, 0, 0, 9.9, 10)] == [True, True, 10, 10, 1, True]


def test_fixed_windows_start_with_multiples_of_their_length():
    state = State()
    assert [admitted(FIXED, state, 17) for _ in range(5)] == [True] * 4 + [3]
    assert admitted(FIXED, state, 19.5) == 1
    assert [admitted(FIXED, state, 20, 3), admitted(FIXED, state, 20, 3), admitted(FIXED, state, 29)] == [True, 10, True]


def test_fields_say_what_is_left_and_when_there_is_more():
    bucket = take(LIMIT, full(LIMIT, 0), 0)
    assert bucket is not None
    assert _members(LIMIT, bucket, 0) == ('"a";q=1;w=10', '"a";r=3;t=10')
    assert _members(LIMIT, bucket, 7.5) == ('"a";q=1;w=10', '"a";r=3;t=3')
    empty = take(FIXED, full(FIXED, 10), 10, 4)
    assert empty is not None
    assert _members(FIXED, empty, 12)[1] == '"a";r=0;t=8'


@pytest.mark.parametrize(
    ("address", "prefix", "key"),
    [
        ("192.0.2.1", 64, b"192.0.2.1"),
        ("::ffff:192.0.2.1", 64, b"192.0.2.1"),
        ("::ffff:192.0.2.1", 1, b"192.0.2.1"),
        ("2001:db8::1", 64, b"2001:db8::/64"),
        ("2001:db8:0:0:ffff::", 64, b"2001:db8::/64"),
        ("2001:db8:0:1::1", 64, b"2001:db8:0:1::/64"),
        ("2001:db8::1", 128, b"2001:db8::1/128"),
    ],
)
def test_clients(address, prefix, key):
    assert address_key(address, prefix) == key


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("", b""),
        ("7", b"7"),
        (7, b"7"),
        (7.0, b"7"),
        (-0.0, b"0"),
        (Decimal("1.2e1"), b"12"),
        (2**53 - 1, b"9007199254740991"),
        (True, b"true"),
        (2**53, None),
        (7.5, None),
        (float("inf"), None),
        (Decimal("1e999999"), None),
        (Decimal("1e-9"), None),
        (None, None),
        ([7], None),
        ({}, None),
    ],
)
def test_scalars(value, key):
    assert scalar_key(value) == key
