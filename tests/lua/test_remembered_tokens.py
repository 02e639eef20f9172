"""Tokens that were verified once: the signature is not checked again, but everything that time and keys can change is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gwc.controls import jwt
from gwc.controls.base import FileRef
from gwc.controls.jwt import FileKeys, RemoteKeys
from gwc.local.identity_provider import IdentityProvider, TokenRequest
from gwc.semantics import parse
from tests.lua.lua_core import Core
from tests.lua.traffic import CLIENT, request
from tests.support.sample import NO_BODY, gateway, one, operation

T0 = 1_800_000_000
IDP = IdentityProvider()
CONTROL = replace(jwt.EXAMPLES[0], clock_skew_s=10, max_lifetime_s=1000)
REMOTE = RemoteKeys(host="idp", port=443, path="/k", ca=FileRef(path="/ca"), cache_for_s=60, max_stale_s=60)


def core(*controls, served=None) -> Core:
    controls = controls or (replace(CONTROL, source=FileKeys(keys=IDP.keys_for(CONTROL))),)
    operations = [operation("GET", f"/{c.scheme}", one(c.scheme), NO_BODY, f"o.{c.scheme}") for c in controls]
    source = gateway(operations=tuple(operations), rate_limits=(), rules=(), jwts=controls)
    return Core(source, clock=[float(T0)], served=served or {})


def token(control=CONTROL, provider=IDP, **claims) -> str:
    wanted = TokenRequest(
        issuer=control.issuer, audience=control.audiences[0], now_s=T0, lifetime_s=900, claims=claims, generation=provider.generation
    )
    return provider.token(wanted)


def ask(made: Core, text: str, path="oauth", at_s=0.0) -> str:
    """The reason of the verdict."""
    made.clock[0] = T0 + at_s
    return made.decide(parse(request("", f"GET /{path}", f"Authorization: Bearer {text}").raw), "api.test", CLIENT)["reason"]


def test_one_signature_for_many_requests():
    made, text = core(), token()
    assert [ask(made, text, at_s=s) for s in range(20)] == ["allowed"] * 20
    assert len(made.verified) == 1


def test_both_sides_of_every_time_border():
    made, text = core(), token(nbf=T0 + 20, iat=T0 + 15)
    assert ask(made, text, at_s=10) == "allowed"
    assert ask(made, text, at_s=9.9) == "authn.notBefore"
    assert ask(made, text, at_s=4.9) in {"authn.notBefore", "authn.issuedAt"}
    made, text = core(), token()
    assert ask(made, text, at_s=909.9) == "allowed"
    assert ask(made, text, at_s=910) == "authn.expired"
    assert ask(made, text, at_s=909.9) == "allowed"


@pytest.mark.parametrize("at_s", [0, 5])
def test_every_other_token_is_verified_for_itself(at_s):
    made, text = core(), token()
    assert ask(made, text) == "allowed"
    head, payload, signature = text.split(".")
    other = token(sub="mallory").split(".")[1]
    for forged in (f"{head}.{other}.{signature}", f"{head}.{payload}.{signature[:-4]}AAAA", f"{text}A", text[:-1]):
        assert ask(made, forged, at_s=at_s) in {"authn.signature", "authn.malformed"}
    assert ask(made, text, at_s=at_s) == "allowed"


@pytest.mark.parametrize("fault", [{"aud": "x"}, {"iss": "x"}, {"sub": ""}, {"exp": T0 + 1001}, {"exp": "x"}, {"nbf": T0 + 500}])
def test_what_was_refused_is_not_remembered_as_good(fault):
    made, text = core(), token(**fault)
    assert ask(made, text) == ask(made, text) != "allowed"
    assert len(made.verified) == 2


def test_a_token_of_one_policy_is_none_of_another():
    """Two schemes of one issuer: what was verified for one says nothing about the other."""
    keys = FileKeys(keys=IDP.keys_for(CONTROL))
    narrow = replace(CONTROL, scheme="narrow", audiences=("other",), source=keys)
    foreign = replace(CONTROL, scheme="foreign", source=FileKeys(keys=IdentityProvider().keys_for(CONTROL)))
    short = replace(CONTROL, scheme="short", max_lifetime_s=100, source=keys)
    made, text = core(replace(CONTROL, source=keys), narrow, foreign, short), token()
    for _ in range(3):
        assert ask(made, text) == "allowed"
        assert ask(made, text, "narrow") == "authn.audience"
        assert ask(made, text, "foreign") == "authn.signature"
        assert ask(made, text, "short") == "authn.lifetime"


def test_it_does_not_outlive_its_keys():
    rotated = IDP.rotated()
    served = {"idp": json.dumps(IDP.jwks(["ES256"]))}
    made, text = core(replace(CONTROL, source=REMOTE), served=served), token()
    assert [ask(made, text, at_s=s) for s in (0, 30, 60)] == ["allowed"] * 3
    assert (len(made.verified), len(made.asked)) == (1, 1)
    served["idp"] = json.dumps(rotated.jwks(["ES256"]))
    assert ask(made, text, at_s=61) == "authn.unknownKey"
    assert ask(made, token(provider=rotated), at_s=61) == "allowed"


def test_the_same_set_fetched_again_is_another_set():
    served = {"idp": json.dumps(IDP.jwks(["ES256"]))}
    made, text = core(replace(CONTROL, source=REMOTE), served=served), token()
    assert [ask(made, text, at_s=s) for s in (0, 61, 62)] == ["allowed"] * 3
    assert (len(made.verified), len(made.asked)) == (2, 2)


def test_it_does_not_outlive_an_outage():
    served = {"idp": json.dumps(IDP.jwks(["ES256"]))}
    made, text = core(replace(CONTROL, source=REMOTE), served=served), token()
    assert ask(made, text) == "allowed"
    del served["idp"]
    assert [ask(made, text, at_s=s) for s in (61, 120)] == ["allowed"] * 2
    assert ask(made, text, at_s=121) == "internal.unavailable"
    assert ask(made, text, at_s=122) == "internal.unavailable"


def test_memory_is_bounded():
    """More tokens than are remembered: all are still decided rightly."""
    made = core()
    many = [token(sub=f"s{n}") for n in range(2300)]
    assert {ask(made, t) for t in many} == {"allowed"}
    assert len(made.verified) == 2300
    assert ask(made, many[-1]) == "allowed"
    assert len(made.verified) == 2300
    assert ask(made, many[0]) == "allowed"
    assert len(made.verified) == 2301


def test_no_signature_and_no_token_is_remembered():
    made, text = core(), token()
    assert ask(made, text) == "allowed"
    holds = made.lua.eval(
        """function(core, text)
          local seen = {}
          local function search(value)
            if type(value) == "string" then return string.find(value, text, 1, true) ~= nil end
            if type(value) ~= "table" or seen[value] then return false end
            seen[value] = true
            for k, v in next, value do if search(k) or search(v) then return true end end
            return false
          end
          local i = 1
          while true do
            local name, value = debug.getupvalue(core.tokens.get, i)
            if not name then return false end
            if search(value) then return true end
            i = i + 1
          end
        end"""
    )
    assert holds(made.core, text.split(".")[1])  # the search finds what is there: the payload, for X-Gwc-Claims
    assert not holds(made.core, text.split(".")[2])
