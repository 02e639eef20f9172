"""Tokens are what joserfc takes for tokens, with every algorithm, and the endpoint issues nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import get_args
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from gwc.controls.jwk import HMAC_ALGORITHMS, Algorithm
from gwc.controls.jwt import EXAMPLES, FileKeys
from gwc.local.identity_provider import KIDS, IdentityProvider, kid
from gwc.local.token_endpoint import token_endpoint, wanted_by
from gwc.semantics.base64url import encode
from tests.support.key_sets import usable
from tests.support.tokens import identity_provider

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")

PROVIDER = identity_provider()
ALL = get_args(Algorithm)
ASYMMETRIC = tuple(a for a in ALL if a not in HMAC_ALGORITHMS)
CONTROL = replace(EXAMPLES[0], algorithms=("ES256", "RS256"))
PUBLIC = replace(CONTROL, algorithms=tuple(sorted(ASYMMETRIC)))
SECRET = replace(CONTROL, algorithms=tuple(sorted(HMAC_ALGORITHMS)))


def _key_set() -> KeySet:
    return KeySet.import_key_set({"keys": [*PROVIDER.jwks_for(PUBLIC)["keys"], *PROVIDER.secret_jwks_for(SECRET)["keys"]]})


@pytest.mark.parametrize("algorithm", ALL)
def test_another_library_verifies_the_tokens(algorithm):
    wanted = replace(wanted_by(CONTROL, int(time.time()), "a b"), algorithm=algorithm)
    decoded = jwt.decode(PROVIDER.token(wanted), _key_set(), algorithms=[algorithm])
    assert decoded.claims == wanted.payload
    assert decoded.header == {"alg": algorithm, "kid": f"local-{algorithm.lower()}", "typ": "at+jwt"}


@pytest.mark.parametrize("algorithm", ALL)
def test_another_library_refuses_the_keys_of_another_provider(algorithm):
    wanted = replace(wanted_by(CONTROL, int(time.time())), algorithm=algorithm)
    with pytest.raises(BadSignatureError):
        jwt.decode(IdentityProvider().token(wanted), _key_set(), algorithms=[algorithm])


def test_every_algorithm_has_a_key_of_its_own():
    keys = PROVIDER.jwks_for(PUBLIC)["keys"]
    assert [k["alg"] for k in keys] == sorted(ASYMMETRIC, key=str.lower)
    assert len({k.get("n") or k["x"] for k in keys}) == len(ASYMMETRIC)
    secrets = PROVIDER.secret_jwks_for(SECRET)["keys"]
    assert [(k["kid"], k["alg"], len(k["k"])) for k in secrets] == [
        ("local-hs256", "HS256", 43),
        ("local-hs384", "HS384", 64),
        ("local-hs512", "HS512", 86),
    ]


def test_a_policy_takes_every_public_key_as_it_is():
    assert usable(PROVIDER.jwks_for(PUBLIC), PUBLIC.algorithms) == (PROVIDER.keys_for(PUBLIC), [])


def test_the_key_set_has_no_private_parts():
    keys = PROVIDER.jwks_for(replace(PUBLIC, algorithms=ALL))["keys"]
    assert {m for key in keys for m in key} == {"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"}
    assert {key["kty"] for key in keys} == {"RSA", "EC", "OKP"}


def test_the_keys_of_a_control():
    assert [k.kid for k in PROVIDER.keys_for(CONTROL)] == ["local-es256", "local-rs256"]
    assert PROVIDER.keys_for(SECRET) == ()
    assert [k.kid for k in PROVIDER.verification_keys(SECRET)] == ["local-hs256", "local-hs384", "local-hs512"]
    assert PROVIDER.verification_keys(CONTROL) == PROVIDER.keys_for(CONTROL)


def test_secrets_do_not_show():
    secret = PROVIDER.private_key("HS256")
    shown = repr((PROVIDER, PROVIDER.verification_keys(SECRET)))
    assert encode(secret) not in shown
    assert repr(secret) not in shown


def test_rotated_keys_have_other_ids_and_are_other_keys():
    rotated = PROVIDER.rotated()
    assert kid("ES256", 1) == "local-es256-1" not in KIDS.values()
    old, new = PROVIDER.public_key("ES256"), rotated.public_key("ES256")
    assert (new.kid, new.x != old.x) == ("local-es256-1", True)
    wanted = replace(wanted_by(CONTROL, int(time.time())), generation=1)
    assert jwt.decode(rotated.token(wanted), KeySet.import_key_set(rotated.jwks(["ES256"])), algorithms=["ES256"]).header["kid"] == new.kid
    with pytest.raises(ValueError, match="generation 0, not 1"):
        PROVIDER.token(wanted)


def test_nested_scopes_and_further_claims_stand_side_by_side():
    control = replace(CONTROL, scopes_claim=("realm", "scopes"))
    wanted = replace(wanted_by(control, 1000, ["a"]), claims={"realm": {"roles": ["r"]}, "sub": "bob"})
    assert wanted.payload["realm"] == {"scopes": ["a"], "roles": ["r"]}
    assert wanted.payload["sub"] == "bob"


@pytest.mark.parametrize(("longest_s", "lifetime_s"), [(None, 3600), (60, 60), (3600, 3600), (86_400, 3600)])
def test_a_wanted_token_is_one_that_the_policy_takes(longest_s, lifetime_s):
    wanted = wanted_by(replace(CONTROL, max_lifetime_s=longest_s, typ="JWT"), 1000)
    assert (wanted.payload["exp"] - wanted.payload["iat"], wanted.header["typ"]) == (lifetime_s, "JWT")


def _issued(port: int, query: str, control=CONTROL) -> dict:
    with urlopen(Request(f"http://127.0.0.1:{port}/token?{query}", method="POST"), timeout=5) as answer:
        token = json.load(answer)["access_token"]
    return jwt.decode(token, _key_set(), algorithms=list(control.algorithms)).claims


def test_the_endpoint():
    with token_endpoint(PROVIDER, CONTROL) as port:
        with urlopen(f"http://127.0.0.1:{port}/jwks.json", timeout=5) as answer:
            assert json.load(answer) == PROVIDER.jwks_for(CONTROL)
        claims = _issued(port, "sub=bob&scope=a%20b&lifetime_s=60&alg=RS256")
        assert (claims["sub"], claims["scope"], claims["iss"]) == ("bob", "a b", CONTROL.issuer)
        assert claims["exp"] - claims["iat"] == 60


def test_the_endpoint_takes_claims():
    with token_endpoint(PROVIDER, CONTROL) as port:
        claims = _issued(port, "claims=" + quote('{"roles": ["admin"], "org": {"id": "ü&=+"}, "sub": "eve"}'))
    assert (claims["roles"], claims["org"], claims["sub"], claims["iss"]) == (["admin"], {"id": "ü&=+"}, "eve", CONTROL.issuer)


@pytest.mark.parametrize("algorithm", ["EdDSA", "HS512", "PS384"])
def test_the_endpoint_signs_with_every_algorithm_of_the_policy_and_shows_public_keys_only(algorithm):
    control = replace(CONTROL, algorithms=(algorithm,), source=FileKeys(keys=()))
    with token_endpoint(PROVIDER, control) as port:
        assert _issued(port, f"alg={algorithm}", control)["sub"] == "alice"
        with urlopen(f"http://127.0.0.1:{port}/jwks.json", timeout=5) as answer:
            assert [k["alg"] for k in json.load(answer)["keys"]] == ([] if algorithm == "HS512" else [algorithm])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/jwks.json", 404),
        ("POST", "/token?alg=none", 400),
        ("POST", "/token?alg=PS256", 400),
        ("POST", "/token?lifetime_s=x", 400),
        ("POST", "/token?claims=[]", 400),
        ("POST", "/token?claims={", 400),
        ("POST", "/token?claims=7", 400),
        ("POST", "/token?claims=" + "[" * 30_000, 400),
    ],
)
def test_everything_else_is_refused(method, path, status):
    with token_endpoint(PROVIDER, CONTROL) as port, pytest.raises(HTTPError) as refused:
        urlopen(Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=5)
    with refused.value as answer:
        assert answer.code == status
