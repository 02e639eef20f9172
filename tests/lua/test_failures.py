"""The list of what did not hold, as answers have it."""

from __future__ import annotations

import json

import pytest
from lupa.luajit21 import LuaError

from tests.lua.lua_core import module, to_lua
from tests.lua.vectors import vectors


def text_of(lua, failures):
    return module(lua, "failures").text(to_lua(lua, [{"place": a, "pointer": b, "keyword": c} for a, b, c in failures]))


@pytest.mark.parametrize("case", vectors("failures")["cases"], ids=lambda c: c["text"][:60])
def test_texts(lua, case):
    failures = [(place, pointer.encode().decode("latin-1"), keyword) for place, pointer, keyword in case["failures"]]
    text = text_of(lua, failures).encode("latin-1").decode()
    assert text == case["text"]
    expected = [{"in": a, "pointer": b, "keyword": c} for a, b, c in case["failures"][:5]]
    assert json.loads(text) == expected
    assert text == json.dumps(expected, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("failure", [("trailer", "", "type"), ("body", "", 'ty"pe'), ("body", "", "")])
def test_other_words_are_mistakes(lua, failure):
    with pytest.raises(LuaError, match="not a place or not a keyword"):
        text_of(lua, [failure])
