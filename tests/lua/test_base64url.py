"""Strict base64url: one spelling for each value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.semantics.base64url import decode, encode
from tests.lua.lua_core import module, new_runtime

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "base64url.json").read_text())
DECODE = module(new_runtime(), "base64url").decode


@pytest.mark.parametrize(("text", "hexadecimal"), VECTORS["accepted"].items())
def test_values(text, hexadecimal):
    assert DECODE(text).encode("latin-1").hex() == hexadecimal


@pytest.mark.parametrize("text", VECTORS["refused"])
def test_other_spellings_are_refused(text):
    assert DECODE(text) is None


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=70))
def test_round_trip(data):
    assert DECODE(encode(data)).encode("latin-1") == data


@settings(max_examples=1000, deadline=None)
@given(st.text(alphabet="AQgwYZ_-=+", max_size=7))
def test_equals_the_model(text):
    expected = decode(text)
    assert DECODE(text) == (expected.decode("latin-1") if expected is not None else None)
