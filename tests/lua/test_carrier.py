"""Where API keys are, and the request without them."""

from __future__ import annotations

import pytest

from tests.lua.lua_core import module, to_lua, to_python
from tests.lua.vectors import vectors

VECTORS = vectors("carriers")
REMOVED = ("api_key", "key", "other")


def values(lua, control, target="/", fields=()):
    request = lua.table_from({"target": target, "header": lambda _: to_lua(lua, list(fields))})
    return list(to_python(module(lua, "carrier")["values"](to_lua(lua, control), request)) or [])


@pytest.mark.parametrize("case", VECTORS["queries"], ids=lambda c: c["target"])
def test_queries(lua, case):
    assert values(lua, {"location": "query", "name": "api_key"}, case["target"]) == case["values"]
    assert module(lua, "carrier").target_without(case["target"], to_lua(lua, dict.fromkeys(REMOVED, True))) == case["without"]


@pytest.mark.parametrize("case", VECTORS["cookies"], ids=lambda c: repr(c["fields"]))
def test_cookies(lua, case):
    assert values(lua, {"location": "cookie", "name": "key"}, fields=case["fields"]) == case["values"]
    kept = module(lua, "carrier").cookies_without(to_lua(lua, case["fields"]), to_lua(lua, dict.fromkeys(REMOVED, True)))
    assert kept == case["without"]


def test_headers_are_taken_as_they_are(lua):
    assert values(lua, {"location": "header", "name": "x-api-key"}, fields=("k", "%6b")) == ["k", "%6b"]


@pytest.mark.parametrize(
    ("text", "decoded"), [("a%20b", "a b"), ("%2B+", "++"), ("%2525", "%25"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%00", "\0")]
)
def test_escapes_are_decoded_once(lua, text, decoded):
    assert module(lua, "carrier").decoded(text) == decoded
