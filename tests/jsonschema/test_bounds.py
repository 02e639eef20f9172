"""Limits for engines that have doubles: the same verdict for every number that a request may have."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gwc.jsonschema.bounds import INFINITE, SMALLEST, for_plain, within_range

COMPARISONS = ("<=", ">=", "<", ">")
DIGITS = st.text("0123456789", min_size=1, max_size=40)
NUMBERS = st.builds(
    lambda sign, digits, exponent: Decimal(f"{sign}{digits}e{exponent}"), st.sampled_from(("", "-")), DIGITS, st.integers(-330, 310)
)
NEAR = st.builds(
    lambda n, d: Decimal(n) + Decimal(d), st.integers(-(2**53) - 20, 2**53 + 20), st.sampled_from(("0", "0.5", "1e-10", "-0.1"))
)


def _holds(value, comparison: str, limit) -> bool:
    return {"<=": value <= limit, ">=": value >= limit, "<": value < limit, ">": value > limit}[comparison]


def _is_read_as_a_double(value: Decimal) -> bool:
    """The rule in other words."""
    return len(value.normalize(Context(prec=1000)).as_tuple().digits) <= 15 or (abs(value) <= 2**53 and value % 1 == 0)


def _by_engine(value: Decimal, comparison: str, limit: Decimal) -> bool:
    """As the printed code does it: doubles for plain values, digits for long ones."""
    held = within_range(comparison, limit)  # type: ignore[arg-type]
    if isinstance(held, bool):
        return held
    if not _is_read_as_a_double(value):
        return _holds(value, *held)
    comparison, limit = for_plain(*held)
    return _holds(float(value), comparison, float(limit))


@settings(max_examples=800, deadline=None)
@given(NUMBERS | NEAR, NUMBERS | NEAR, st.sampled_from(COMPARISONS))
@example(Decimal("0.1"), Decimal("0.10000000000000000001"), "<=")
@example(Decimal(2**53), Decimal(2**53 + 1), "<")
@example(Decimal("0.1"), Decimal("0.1" + "0" * 40 + "1"), ">=")
@example(Decimal("-0.1"), Decimal("-0.1" + "0" * 40 + "1"), "<=")
@example(Decimal(1), INFINITE, ">")
@example(Decimal("901e13"), Decimal("901e13"), "<")
@example(Decimal(9223372036854775000), Decimal(2**63 - 1), "<=")
def test_every_number_is_compared_as_if_exactly(value, limit, comparison):
    assume(value == 0 or SMALLEST <= abs(value) < INFINITE)
    assert _by_engine(value, comparison, limit) == _holds(value, comparison, limit)


@settings(max_examples=800, deadline=None)
@given(NUMBERS | NEAR, st.integers(-3, 3), st.sampled_from(COMPARISONS))
def test_also_next_to_the_limit(limit, steps, comparison):
    value = limit + Decimal(steps).scaleb(limit.adjusted() - 16)
    assume(value == 0 or SMALLEST <= abs(value) < INFINITE)
    assert _by_engine(value, comparison, limit) == _holds(value, comparison, limit)


@pytest.mark.parametrize("limit", ["1e400", "-1e400", str(INFINITE), "1e-400", "-1e-400", "9.99e-309"])
@pytest.mark.parametrize("comparison", COMPARISONS)
def test_limits_that_no_number_has(limit, comparison):
    for value in (Decimal(0), Decimal(1), Decimal(-1), SMALLEST, -SMALLEST, INFINITE - 1, 1 - INFINITE):
        assert _by_engine(value, comparison, Decimal(limit)) == _holds(value, comparison, Decimal(limit))
