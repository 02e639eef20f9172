"""Which keys of a fetched set are used."""

from __future__ import annotations

import json

import pytest

from gwc.local.identity_provider import IdentityProvider
from gwc.semantics.base64url import encode
from tests.lua.lua_core import key_of, module, to_lua, to_python
from tests.lua.vectors import vectors

VECTORS = vectors("jwk")
SECRET = {"kty": "oct", "kid": "a", "alg": "HS256", "k": encode(b"x" * 32)}


def decoded(lua, value):
    """The value as the strict reader of the core gives it to the modules."""
    return module(lua, "json").decode(json.dumps(value))


def allowed(lua, algorithms):
    return to_lua(lua, dict.fromkeys(algorithms, True))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["name"])
def test_keys(lua, case):
    removed = case.get("remove", ())
    entry = {k: v for k, v in {**VECTORS["bases"][case["base"]], **case.get("change", {})}.items() if k not in removed}
    key = module(lua, "jwk").public(decoded(lua, entry), allowed(lua, case["algorithms"]))
    if case.get("off_curve"):  # the import of the host says so
        assert case["algorithm"] is None
        return
    assert (key and key.algorithm) == case["algorithm"]
    if key:
        described = {k: v for k, v in to_python(key).items() if k not in {"kid", "algorithm"}}
        assert key.kid == entry["kid"]
        assert described == {k: entry[k] for k in described}
        assert key_of(key).algorithm == case["algorithm"]


@pytest.mark.parametrize("case", VECTORS["sets"], ids=lambda c: c["name"])
def test_sets(lua, case):
    text = case["text"].encode().decode("latin-1")
    found = module(lua, "jwk").read_set(text, allowed(lua, ["ES256"]))
    assert (found and sorted(found.keys())) == case["kids"]


@pytest.mark.parametrize("value", [None, 7, "a", [], True])
def test_only_objects_are_keys(lua, value):
    assert module(lua, "jwk").public(decoded(lua, value), allowed(lua, ["ES256"])) is None
    assert module(lua, "jwk").symmetric(decoded(lua, value), allowed(lua, ["HS256"])) is None


def test_every_algorithm_of_a_provider(lua):
    algorithms = ("RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA")
    text = json.dumps(IdentityProvider().jwks(algorithms))
    found = module(lua, "jwk").read_set(text, allowed(lua, algorithms))
    assert sorted(k.algorithm for k in found.values()) == sorted(algorithms)


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({}, True),
        ({"use": "sig"}, True),
        ({"key_ops": ["sign", "verify"]}, True),
        ({"k": encode(b"x" * 31)}, False),
        ({"k": encode(b"x" * 33)}, True),
        ({"alg": "HS384"}, False),
        ({"alg": "HS384", "k": encode(b"x" * 48)}, True),
        ({"alg": "HS512", "k": encode(b"x" * 63)}, False),
        ({"alg": "HS512", "k": encode(b"x" * 64)}, True),
        ({"alg": "RS256"}, False),
        ({"alg": None}, False),
        ({"alg": 256}, False),
        ({"use": "enc"}, False),
        ({"key_ops": ["sign"]}, False),
        ({"k": ""}, False),
        ({"k": 7}, False),
        ({"k": encode(b"x" * 32) + "="}, False),
        ({"kid": ""}, False),
        ({"kid": None}, False),
    ],
)
def test_secrets(lua, change, is_good):
    found = module(lua, "jwk").symmetric(decoded(lua, {**SECRET, **change}), allowed(lua, ["HS256", "HS384", "HS512"]))
    assert (found is not None) == is_good


@pytest.mark.parametrize(
    ("keys", "kids"),
    [
        ([SECRET], ["a"]),
        ([SECRET, {**SECRET, "kid": "b"}], ["a", "b"]),
        ([SECRET, {**SECRET, "kid": "b", "use": "enc"}], ["a"]),
        ([SECRET, SECRET], None),
        ([SECRET, {**SECRET, "use": "enc"}], None),
        ([SECRET, VECTORS["bases"]["ec256"]], None),
        ([SECRET, 7], None),
        ([{**SECRET, "alg": "HS512"}], None),
        ([], None),
    ],
)
def test_sets_of_secrets_have_nothing_else(lua, keys, kids):
    found = module(lua, "jwk").read_secrets(json.dumps({"keys": keys}), allowed(lua, ["HS256"]))
    assert (found and sorted(found.keys())) == kids
