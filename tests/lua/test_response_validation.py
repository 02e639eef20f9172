"""What is said about answers of upstreams: status first, then type, then the body."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua.lua_core import module, to_lua

LIMITS = {"jsonDepth": 2, "jsonKeys": 3, "arrayItems": 3, "stringBytes": 8}
RULES = {
    "200": [{"range": "*/*", "schema": 1}, {"range": "application/json", "schema": 0}],
    "2XX": [],
    "4XX": [{"range": "application/*", "schema": 0}],
    "default": [{"range": "application/json", "schema": 1}],
}


def word(lua, *, rules: Any = RULES, limits: Any = LIMITS, others: Any = ("text/plain",), **answer: Any) -> str:
    """Schema 0 holds for true only, schema 1 for everything."""
    responses = [{"status": s, "mediaTypes": r, "others": list(others) if s == "200" else []} for s, r in rules.items()]
    watch = module(lua, "response_validation").prepare(to_lua(lua, {"responses": responses, "limits": limits}), 100)
    given = {"method": "GET", "status": 200, "content_type": "application/json", "text": "true", **answer}
    given.setdefault("bytes", len(given["text"] or "x"))
    return module(lua, "response_validation").word(watch, lua.table_from(given), lambda n, value, *_: n == 1 or value is True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, "valid"),
        ({"text": "false"}, "body"),
        ({"text": "tru"}, "syntax"),
        ({"text": "1e999"}, "syntax"),
        ({"text": "[[[]]]"}, "limits"),
        ({"content_type": "application/JSON; charset=UTF-8"}, "valid"),
        ({"content_type": "application/a+json", "text": "1"}, "valid"),
        ({"content_type": "text/plain", "text": "x"}, "unchecked"),
        ({"content_type": "image/png", "text": "x"}, "unchecked"),
        ({"content_type": "application/json; charset=latin-1"}, "unchecked"),
        ({"content_type": "application/json; charset"}, "unchecked"),
        ({"content_type": None}, "contentType"),
        ({"content_type": "json"}, "contentType"),
        ({"content_encoding": "gzip"}, "unchecked"),
        ({"content_encoding": "Identity"}, "valid"),
        ({"text": None, "bytes": 101}, "unchecked"),
        ({"text": "", "bytes": 0}, "contentType"),
        ({"method": "HEAD", "text": "", "bytes": 0}, "unchecked"),
        ({"status": 204, "text": "", "bytes": 0}, "unchecked"),
        ({"status": 201, "text": "", "bytes": 0}, "valid"),
        ({"status": 201}, "contentType"),
        ({"status": 404}, "valid"),
        ({"status": 404, "text": "1"}, "body"),
        ({"status": 404, "content_type": "text/plain"}, "contentType"),
        ({"status": 500, "text": "1"}, "valid"),
        ({"status": 500, "content_type": "application/xml"}, "contentType"),
    ],
    ids=str,
)
def test_words(lua, answer, expected):
    assert word(lua, **answer) == expected


def test_without_a_rule_for_the_status(lua):
    assert word(lua, rules={"201": []}) == "status"
    assert word(lua, rules={"201": []}, method="HEAD") == "status"


def test_an_operation_without_rules_is_not_watched(lua):
    assert module(lua, "response_validation").prepare(to_lua(lua, {"responses": [], "limits": LIMITS}), 100) is None
