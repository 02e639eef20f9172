"""Exact numbers in Lua against Python's exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gwc.jsonschema.constant import is_plain, parts
from tests.lua.lua_core import module, new_runtime

DECIMAL = module(new_runtime(), "decimal")
DIGITS = st.text("0123456789", min_size=1, max_size=25)
EXPONENTS = st.integers(-290, 280) | st.integers(-25, 5)
LITERALS = st.builds(lambda sign, digits, exponent: f"{sign}{int(digits)}e{exponent}", st.sampled_from(("", "-")), DIGITS, EXPONENTS)
INTEGERS = st.integers(-(2**60), 2**60).map(str)
DIVISORS = st.builds(lambda digits, power: Decimal(digits).scaleb(power), st.integers(1, 10**14 - 1), st.integers(-20, 20))


def order(a: Decimal, b: Decimal) -> int:
    return (a > b) - (a < b)


@settings(max_examples=600, deadline=None)
@given(LITERALS | INTEGERS, LITERALS | INTEGERS)
def test_comparison(a, b):
    assert DECIMAL.compare(DECIMAL.read(a), DECIMAL.read(b)) == order(Decimal(a), Decimal(b))
    assert (DECIMAL.key(DECIMAL.read(a)) == DECIMAL.key(DECIMAL.read(b))) == (Decimal(a) == Decimal(b))


@settings(max_examples=600, deadline=None)
@given(LITERALS | INTEGERS, st.integers(0, 12))
def test_the_same_number_in_other_words(text, zeros):
    """Zeros at the ends change nothing."""
    value = Decimal(text)
    other = f"{value:f}" + ("." if "." not in f"{value:f}" else "") + "0" * (zeros + 1)
    assume(len(other) <= 1000)
    assert DECIMAL.key(DECIMAL.read(text)) == DECIMAL.key(DECIMAL.read(other))
    assert DECIMAL.compare(DECIMAL.read(text), DECIMAL.read(other)) == 0


@settings(max_examples=600, deadline=None)
@given(LITERALS | INTEGERS)
def test_plain_and_whole(text):
    value, number = Decimal(text), DECIMAL.read(text)
    assert isinstance(number, float | int) == is_plain(value)
    assert DECIMAL.is_integer(number) == (Fraction(text).denominator == 1)


@settings(max_examples=600, deadline=None)
@given(LITERALS | INTEGERS | st.integers(-(10**6), 10**6).map(str), DIVISORS | st.integers(1, 50).map(Decimal), st.integers(0, 10**12))
def test_multiples(text, divisor, factor):
    _, digits, power = parts(divisor)
    step = int(divisor) if power >= 0 and divisor <= 2**47 else None
    for value in (Decimal(text), Decimal(factor) * divisor):
        number = DECIMAL.read(str(value))
        assume(number is not None)
        expected = (Fraction(value) / Fraction(divisor)).denominator == 1
        assert DECIMAL.is_multiple(number, int(digits), power, step) == expected
