"""Equal values have one text, however they were written; nothing is rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwc.jsonschema.constant import canonical, is_plain, parts, read
from tests.jsonschema.given import value_of

SAME = [
    (["1", "1.0", "1e0", "10e-1", "1.000"], "1"),
    (["0", "-0", "0.0", "-0e5", "0e-300"], "0"),
    (["-1.50", "-15e-1"], "-1.5"),
    (["100", "1e2"], "100"),
    (["1e20", "100000000000000000000"], "100000000000000000000"),
    (["1e21", "1000000000000000000000"], "1e21"),
    (["1e-7", "0.0000001"], "0.0000001"),
    (["0.30000000000000004"], "0.30000000000000004"),
    (["12345678901234567890.5"], "12345678901234567890.5"),
    (["1e-30"], "1e-30"),
    (['{"b": 1, "a": [1.0, null]}', '{"a":[1,null],"b":1e0}'], '{"a":[1,null],"b":1}'),
    (['"\\u00e9\\ud83d\\ude00"', '"é😀"'], '"\\u00e9\\ud83d\\ude00"'),
    (["true"], "true"),
    (["null"], "null"),
]


@pytest.mark.parametrize(("texts", "expected"), SAME, ids=[e for _, e in SAME])
def test_equal_values_have_one_text(texts, expected):
    assert {canonical(value_of(t)) for t in texts} == {expected}
    assert canonical(read(expected)) == expected


def test_different_values_have_different_texts():
    values = [
        "0",
        "false",
        "null",
        '""',
        "[]",
        "{}",
        '"0"',
        "0.1",
        "1",
        "true",
        "[0]",
        "[[]]",
        '{"a":0}',
        "9007199254740993",
        "9007199254740992",
    ]
    assert len({canonical(value_of(v)) for v in values}) == len(values)


def test_doubles_are_refused():
    with pytest.raises(TypeError):
        canonical([0.5])
    with pytest.raises(TypeError):
        canonical(Decimal("NaN"))


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_texts_are_equal_as_numbers_are(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)
    assert Decimal(canonical(one)) == one


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e300"), max_value=Decimal("1e300")))
def test_doubles_are_an_identity_for_plain_numbers(number):
    if is_plain(number) and (number == 0 or abs(number) > Decimal("1e-290")):
        sign, digits, exponent = parts(number)
        as_double = Decimal(repr(float(number)))
        assert as_double == number
        assert parts(as_double) == (sign, digits, exponent)


def test_plain_ends_where_doubles_do():
    plain = ["9007199254740992", "-9007199254740992", "0.123456789012345", "1e300", "123456789012345e5", "0"]
    long = ["9007199254740993", "0.1234567890123456", "0.30000000000000004", "12345678901234567890"]
    assert [t for t in plain if not is_plain(Decimal(t))] == []
    assert [t for t in long if is_plain(Decimal(t))] == []
