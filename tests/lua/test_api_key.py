"""API keys: exactly one, known, and in its time."""

from __future__ import annotations

import hashlib

import pytest

from tests.lua.lua_core import module, to_lua

DIGEST = hashlib.sha256(b"k").hexdigest()
LONG = "x" * 256


def check(lua, *values: str, now_s=1000):
    digests = {
        DIGEST: {"consumer": "acme", "not_before_s": 1000, "expires_s": 2000},
        hashlib.sha256(LONG.encode()).hexdigest(): {"consumer": "long", "not_before_s": 0, "expires_s": 2000},
        hashlib.sha256((LONG + "x").encode()).hexdigest(): {"consumer": "too long", "not_before_s": 0, "expires_s": 2000},
        hashlib.sha256(b"").hexdigest(): {"consumer": "empty", "not_before_s": 0, "expires_s": 2000},
    }
    return module(lua, "api_key").check(to_lua(lua, list(values)), to_lua(lua, digests), now_s, module(lua, "sha256"))


@pytest.mark.parametrize("now_s", [1000, 1999.9])
def test_a_known_key_in_its_time(lua, now_s):
    assert check(lua, "k", now_s=now_s) == "acme"


def test_time(lua):
    assert check(lua, "k", now_s=999.9) == (None, "authn.notBefore")
    assert check(lua, "k", now_s=2000) == (None, "authn.expired")


def test_the_border_of_the_length(lua):
    assert check(lua, LONG) == "long"
    assert check(lua, LONG + "x") == (None, "authn.apiKey")


@pytest.mark.parametrize("values", [("other",), ("",), ("k", "k"), ("k", "other"), ("K",), (DIGEST,)])
def test_refused(lua, values):
    assert check(lua, *values) == (None, "authn.apiKey")


def test_missing(lua):
    assert check(lua) == (None, "authn.missing")
