"""The strict reader of JSON."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lua.lua_core import module, new_runtime, to_python
from tests.support.shared import SHARED

LUA = new_runtime()
JSON = module(LUA, "json")


def read(data: bytes):
    return JSON.decode(data.decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "}", '{"a":1,}', "[1,]", "[1 2]", '{"a"}', "{a:1}", "01", "-", "1.", ".5", "+1", "1e", "0x10", "NaN", "Infinity", "nul", "truex",
     '"a', '"\\x"', '"\\u12"', '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\t"', '"\n"', '"\x00"', "1 2", "[1]]", "'a'", "\ufeff1", "1e400", "-1e999",
     '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"b":{"a":1,"a":null}}', '{"a":false,"a":true}'],
)  # fmt: skip
def test_refused(text):
    assert read(text.encode("utf-8")) is None


@pytest.mark.parametrize(
    "data",
    [b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'"\x80"', b'{"\xff":1}', b'"\xf5\x80\x80\x80"'],
)
def test_bad_utf8_is_refused(data):
    assert read(data) is None


@pytest.mark.parametrize("depth", [1, 30])
def test_nesting_within_the_limit(depth):
    assert read(b"[" * depth + b"]" * depth) is not None


def test_nesting_beyond_the_limit():
    assert read(b"[" * 31 + b"]" * 31) is None
    assert read(b'{"a":' * 100_000) is None


def test_objects_arrays_and_null_are_told_apart():
    assert JSON.is_object(read(b"{}"))
    assert not JSON.is_array(read(b"{}"))
    assert JSON.is_array(read(b"[]"))
    assert not JSON.is_object(read(b"[]"))
    assert LUA.eval("rawequal")(read(b'{"crit":null}')["crit"], JSON.null)
    assert not JSON.is_object(JSON.null)
    assert read(b"false") is False


def _plain(value):
    """What Lua's tables keep of a value: an empty list is an empty table."""
    if isinstance(value, dict):
        return {k.encode().decode("latin-1"): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value] or {}
    return value.encode().decode("latin-1") if isinstance(value, str) else value


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
LEAVES = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXT.filter(bool), v, max_size=4), max_leaves=12)


@settings(max_examples=500, deadline=None)
@given(VALUES, st.booleans())
def test_reads_what_python_writes(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1 if ascii_only else None)
    assert to_python(read(text.encode("utf-8"))) == _plain(value)


@pytest.mark.skipif(not SHARED.is_dir() and os.environ.get("CI") != "true", reason="the corpora are not beside this checkout")
def test_suite():
    """JSONTestSuite: y_ must be read, n_ must not. What may be either (i_) only must not crash."""
    wrong = []
    for path in sorted((SHARED / "corpora" / "json-parsing").glob("*.json")):
        got = read(path.read_bytes())
        duplicate = "duplicated" in path.name  # gwc is stricter than the suite
        expected = {"y": not duplicate, "n": False}.get(path.name[0])
        if expected is not None and (got is not None) != expected:
            wrong.append(path.name)
    assert not wrong
