"""The vectors of identity and access say what the model says: keys, carriers of keys, claims, zones, JSON of tokens."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gwc.controls.api_key import ApiKey
from gwc.controls.authorization_rule import ClaimCondition
from gwc.controls.jwks import usable_key
from gwc.controls.zone import Zone
from gwc.semantics import carrier, jwt, key_set
from gwc.semantics.authorization_rule import _is_one_of
from gwc.semantics.http1 import Request
from gwc.semantics.zone import zones_of
from tests.lua.vectors import vectors
from tests.support import sample

REMOVED = ("api_key", "key", "other")


def _request(target: str = "/", fields: Any = ()) -> Request:
    return Request("GET", target, (1, 1), tuple(("cookie", f) for f in fields), b"", 10)


def _key(location: Any, name: str) -> ApiKey:
    return ApiKey(scheme="k", location=location, name=name, keys=())


@pytest.mark.parametrize("case", vectors("carriers")["queries"], ids=lambda c: c["target"])
def test_queries(case):
    found = carrier.values(_key("query", "api_key"), _request(case["target"]))
    assert [v.decode("latin-1") for v in found] == case["values"]
    assert carrier.target_without(_request(case["target"]), REMOVED) == case["without"]


@pytest.mark.parametrize("case", vectors("carriers")["cookies"], ids=lambda c: repr(c["fields"]))
def test_cookies(case):
    asked = _request(fields=case["fields"])
    assert [v.decode("latin-1") for v in carrier.values(_key("cookie", "key"), asked)] == case["values"]
    assert carrier.cookies_without(asked, REMOVED) == case["without"]


@pytest.mark.parametrize("case", vectors("claims")["conditions"], ids=lambda c: f"{c['kind']} {c['values']} {c['claim']}")
def test_conditions(case):
    condition = ClaimCondition(name="c", kind=case["kind"], values=tuple(case["values"]))
    found = json.loads(case["claim"])
    if case["kind"] == "oneOf":
        assert _is_one_of(found, condition) == case["holds"]
    else:
        assert (isinstance(found, list) and any(_is_one_of(x, condition) for x in found)) == case["holds"]


@pytest.mark.parametrize("case", vectors("claims")["paths"], ids=lambda c: f"{c['path']} {c['payload']}")
def test_paths(case):
    assert (jwt.claim(json.loads(case["payload"]), case["path"]) == 1) == case["is_one"]


@pytest.mark.parametrize("case", vectors("claims")["texts"], ids=lambda c: c["claim"])
def test_texts(case):
    assert sorted(jwt.texts_of({"c": json.loads(case["claim"])}, ("c",))) == sorted(case["texts"])


@pytest.mark.parametrize("case", vectors("zones")["cases"], ids=lambda c: c["address"])
def test_zones(case):
    zones = [Zone(name=name, networks=tuple(networks)) for name, networks in vectors("zones")["zones"].items()]
    assert sorted(zones_of(zones, case["address"])) == sorted(case["zones"])


@pytest.mark.parametrize("case", vectors("jwk")["cases"], ids=lambda c: c["name"])
def test_keys(case):
    entry = {**vectors("jwk")["bases"][case["base"]], **case.get("change", {})}
    found = usable_key({k: v for k, v in entry.items() if k not in case.get("remove", ())}, case["algorithms"])
    assert (found and found.algorithm) == case["algorithm"]


@pytest.mark.parametrize("case", vectors("jwk")["sets"], ids=lambda c: c["name"])
def test_sets(case):
    control = replace(sample.gateway().jwts[0], algorithms=("ES256",))
    document = jwt._json_object(case["text"].encode())
    found = key_set.usable(document, control)
    assert (None if found is None else sorted(k.kid for k in found)) == case["kids"]


@pytest.mark.parametrize("case", vectors("token_json")["cases"], ids=lambda c: c["text"][:60])
def test_json_of_tokens(case):
    assert (jwt._json_object(case["text"].encode("latin-1")) is not None) == case["accepted"]
