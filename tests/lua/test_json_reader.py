"""The strict reader of bodies: the shared vectors, the parsing corpus, and numbers against Python's exact arithmetic."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa.luajit21 import lua_type

from tests.lua.lua_core import module, new_runtime, to_lua
from tests.lua.vectors import vectors
from tests.support.shared import corpora

VECTORS = vectors("json_reader")
LUA = new_runtime()
READER, VALUE, DECIMAL = (module(LUA, name) for name in ("json_reader", "json_value", "decimal"))


def decode(text: str, **limits: int) -> Any:
    """`text`: one character for each byte."""
    return READER.decode(text, to_lua(LUA, {**VECTORS["limits"], **limits}))


def written(digits: str, exponent: int, sign: str) -> str:
    return f"{sign}{digits}e{exponent}"


def number(value: float) -> dict[str, str]:
    if value == 0:
        return {"plain": "0"}
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    return {"plain": written("".join(map(str, digits)), exponent + len(digits) - 1, "-" if sign else "")}


def seen(value: Any) -> Any:
    """A value of Lua in the form of the vectors."""
    kind = VALUE.kind(value)
    if kind == "object":
        members = {k.encode("latin-1").decode(): seen(v) for k, v in value.items() if k != 0}
        assert value[0] == len(members)
        return {"object": members}
    if kind == "array":
        return [seen(value[i]) for i in range(1, len(value) + 1)]
    if kind == "decimal":
        return {"long": written(value.digits, value.exponent, "-" if value.negative else "")}
    if kind == "number":
        return number(value)
    return {"string": lambda: value.encode("latin-1").decode(), "null": lambda: None, "boolean": lambda: value}[kind]()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["text"][:40])
def test_vectors(case):
    found = decode(case["text"], **case.get("limits", {}))
    if "fault" in case:
        assert found == (None, *case["fault"])
    else:
        assert seen(found) == case["value"]


@pytest.mark.parametrize("jit", ["on", "off"])
def test_the_parsing_corpus(jit):
    """Every y_ is read, every n_ refused, and each i_ has the one answer that the rules give."""
    LUA.execute(f"jit.{jit}()")
    wrong = []
    for file in sorted(corpora("json-parsing").glob("*.json")):
        found = decode(file.read_bytes().decode("latin-1"), jsonDepth=64)
        refused = isinstance(found, tuple)
        if refused != (file.name[0] != "y"):
            wrong.append(file.name)
    LUA.execute("jit.on()")
    assert wrong == _TAKEN


# Integers beyond 2^53 are exact here; every other i_ is a number beyond the range, or no Unicode.
_TAKEN = [
    "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
]


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=12) | st.text(alphabet='{}[]",:\\u0d8c1e-.tn \x00', max_size=14).map(str.encode))
def test_accepts_what_python_accepts(data):
    """Python's reader is lenient about a few things only; what both take is equal."""
    found = decode(data.decode("latin-1"), jsonDepth=64)
    try:
        theirs = json.loads(data.decode(), parse_constant=_refuse, object_pairs_hook=_distinct, parse_int=Decimal, parse_float=Decimal)
        json.dumps(theirs, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError):
        assert isinstance(found, tuple)
        return
    if isinstance(found, tuple):
        assert found[2] == "number"
    else:
        assert plain(seen(found)) == theirs


@settings(max_examples=600, deadline=None)
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_numbers_are_exact(text):
    """A plain number is the double that Python reads; a long one has all digits."""
    found = decode(text)
    if isinstance(found, tuple):
        assert found == (None, "syntax", "number")
        assert Decimal(text).adjusted() < -308 or abs(float(text)) == float("inf")
    elif VALUE.kind(found) == "number":
        assert found == float(text)
        assert Decimal(repr(float(found))) == Decimal(text)
    else:
        assert plain(seen(found)) == Decimal(text)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "object" in value:
        return {k: plain(v) for k, v in value["object"].items()}
    digits, _, exponent = (value.get("plain") or value["long"]).partition("e")
    return Decimal(f"{digits}e{int(exponent or 0) - len(digits.lstrip('-')) + 1}")


def test_the_reader_keeps_nothing_of_a_text():
    assert decode("[1") == (None, "syntax", "json")
    assert seen(decode("[1]")) == [{"plain": "1e0"}]
    assert lua_type(decode("{}")) == "table"
