"""The body rules, case by case and at their borders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwc.backends.kong.body import rule
from gwc.controls.body import Body
from tests.lua.lua_core import module, to_lua, to_python

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "media_types.json").read_text())["cases"]


def check(lua, body: Body, *, types=("application/json",), codings=(), length: int | None = 1, failure: str | None = None):
    request = {
        "content_type": to_lua(lua, list(types)),
        "content_encoding": to_lua(lua, list(codings)),
        "length": lambda: (length, failure) if length is None else length,
    }
    verdict = module(lua, "body").check(to_lua(lua, rule(body)), lua.table_from(request))
    return (verdict.status, verdict.reason) if verdict else None


def takes(*types: str, required=True, max_bytes=100) -> Body:
    return Body(media_types=types, required=required, max_bytes=max_bytes)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['takes']}-{c['fields']}")
def test_media_types(lua, case):
    expected = None if case["accepted"] else (415, "body.contentType")
    assert check(lua, takes(*case["takes"]), types=case["fields"]) == expected


def test_the_border_of_the_size(lua):
    assert check(lua, takes("application/json"), length=100) is None
    assert check(lua, takes("application/json"), length=101) == (413, "body.size")
    assert check(lua, takes("application/json"), length=None, failure="too_large") == (413, "body.size")


def test_a_length_that_is_not_known_denies(lua):
    assert check(lua, takes("application/json"), length=None, failure="gone") == (500, "internal.error")
    assert check(lua, takes("application/json"), length=None) == (500, "internal.error")


def test_missing_and_unexpected(lua):
    assert check(lua, takes("application/json"), length=0, types=()) == (400, "body.missing")
    assert check(lua, takes("application/json", required=False), length=0, types=()) is None
    assert check(lua, takes(required=False), length=0, types=()) is None
    assert check(lua, takes(required=False), length=1) == (400, "body.unexpected")


@pytest.mark.parametrize("codings", [(), ("identity",), ("Identity",), ("identity", "identity"), ("",)])
def test_identity_is_no_coding(lua, codings):
    assert check(lua, takes("application/json"), codings=codings) is None


@pytest.mark.parametrize("codings", [("gzip",), ("identity", "gzip"), ("identity, gzip",), ("", "gzip")])
def test_codings_are_refused(lua, codings):
    assert check(lua, takes("application/json"), codings=codings) == (415, "body.encoding")


def test_rules_have_every_member_that_lua_reads(lua):
    assert set(to_python(to_lua(lua, rule(takes("a/b"))))) == {"types", "ranges", "any", "required", "max_bytes", "none"}
