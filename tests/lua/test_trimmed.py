"""Blanks around texts, and that no text of a client costs more than its length: Lua's patterns can take seconds for one header."""

from __future__ import annotations

import time

import pytest

from tests.lua.lua_core import module, new_runtime, to_lua
from tests.support.validated import RULE

BLANKS = "a" + " \t" * 30_000 + "b"
LIMITS = {"jsonDepth": 16, "jsonKeys": 500, "arrayItems": 1000, "stringBytes": 16384}


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("", ""),
        (" ", ""),
        ("\t \t", ""),
        ("a", "a"),
        (" a", "a"),
        ("a\t", "a"),
        (" \ta b\t ", "a b"),
        ("\na\r", "\na\r"),
        ("\xa0a", "\xa0a"),
    ],
)
def test_spaces_and_tabs_are_taken_off(lua, text, trimmed):
    assert module(lua, "trimmed")(text) == trimmed


def seconds(call) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


@pytest.mark.parametrize("text", [BLANKS, BLANKS[1:], BLANKS[:-1], BLANKS * 1])
def test_cookies_are_read_in_linear_time(lua, text):
    carrier, control = module(lua, "carrier"), to_lua(lua, {"location": "cookie", "name": "key"})
    request = lua.table_from({"target": "/", "header": lambda _: to_lua(lua, [f"key=1;{text}"])})
    assert seconds(lambda: carrier["values"](control, request)) < 0.2
    assert seconds(lambda: carrier.cookies_without(to_lua(lua, [text]), to_lua(lua, {"key": True}))) < 0.2


@pytest.mark.parametrize("style", ["simple", "form", "label", "matrix", "spaceDelimited", "pipeDelimited"])
@pytest.mark.parametrize("filling", [" \t", ",", "+", "%20", "|", ";", "=", ".", ";p=", "a=b,"])
def test_texts_are_taken_apart_in_linear_time(lua, style, filling):
    shapes = module(lua, "shape").new(
        to_lua(lua, [{"types": ["integer", "array", "object"], "prefix": [], "items": 0, "properties": [], "additional": 0}])
    )
    text = {"label": ".", "matrix": ";p="}.get(style, "") + "a" + filling * 20_000 + "b"
    decode = lua.eval('function(t) return require("gwc.trimmed")(t) end')
    for kinds in ({"array": True}, {"object": True}, {"text": True, "array": True}):
        for explode in (False, True):
            plain = {"style": style, "explode": explode, "text": False, "array": False, "object": False, "shape": 0, **kinds}
            reading = module(lua, "reading").prepare(to_lua(lua, plain), shapes, False)
            sent = to_lua(lua, {"own": [text], "members": []})
            assert seconds(lambda r=reading, s=sent: module(lua, "reading").value(r, "p", s, decode, to_lua(lua, LIMITS))) < 0.5


@pytest.mark.parametrize("filling", ["[a]", "[]", "[0]", "[", "]", "[a", "a]", "%5B"])
def test_brackets_are_read_in_linear_time(lua, filling):
    deep = module(lua, "deep_object")
    shape = module(lua, "shape").new(
        to_lua(lua, [{"types": ["array", "object"], "prefix": [], "items": 0, "properties": [], "additional": 0}])
    )(0)[0]

    def read():
        texts = deep.read("p", to_lua(lua, [["p" + filling * 20_000, "x"]]), lua.eval("function(t) return t end"))
        return texts and deep.value(texts, shape, to_lua(lua, LIMITS))

    assert seconds(read) < 0.5


@pytest.mark.parametrize(
    "body",
    [
        '--b\r\nContent-Disposition: form-data; name="a"\r\nX: ' + BLANKS + "\r\n\r\n1\r\n--b--",
        "--b\r\n" + "X: y\r\n" * 10_000 + "--b--",
        "--b\r\nContent-Disposition: form-data; " + ";" * 60_000 + "\r\n\r\n1\r\n--b--",
        '--b\r\nContent-Disposition: form-data; name="' + "a" * 60_000,
        "--b" + "\r\n--" * 15_000,
        "--b\r\n" * 12_000,
        "--b\r\n" + "\r" * 60_000,
    ],
    ids=["blanks", "lines", "semicolons", "no end", "almost delimiters", "delimiters", "returns"],
)
def test_parts_are_read_in_linear_time(lua, body):
    assert seconds(lambda: module(lua, "multipart").read(body, "b", 500)) < 0.3


@pytest.mark.parametrize(
    "text", ["a/b" + ";" * 60_000, "a/b;" + " " * 60_000 + "x", 'a/b;x="' + "\\a" * 30_000, "a/b" + ";x" * 30_000, "a/b;x=" + "y" * 60_000]
)
def test_media_types_are_read_in_linear_time(lua, text):
    assert seconds(lambda: module(lua, "media_type").read(text)) < 0.3


def test_queries_are_read_in_linear_time():
    lua = new_runtime()
    shapes = module(lua, "shape").new(to_lua(lua, [{"types": ["string"], "prefix": [], "items": 0, "properties": [], "additional": 0}] * 2))
    assert RULE.closed_query
    plain = {"parameters": [], "closedQuery": True, "knownQuery": [], "limits": LIMITS}
    rule = module(lua, "parameters").prepare(to_lua(lua, plain), shapes)
    for query in ("&" * 60_000, "a&" * 30_000, "%41=%41&" * 8_000, "=" * 60_000, "a[b]" * 15_000):
        request = lua.table_from({"target": "/?" + query, "header": lambda _: to_lua(lua, [])})
        assert seconds(lambda r=request: module(lua, "parameters").check(rule, r, lambda *_: True)) < 0.5
