"""Tokens are what joserfc takes for tokens, and the endpoint issues nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gwc.controls.jwt import EXAMPLES
from gwc.local.token_endpoint import token_endpoint, wanted_by
from tests.support.tokens import identity_provider

PROVIDER = identity_provider()
CONTROL = replace(EXAMPLES[0], algorithms=("ES256", "RS256"), keys=PROVIDER.keys_for(replace(EXAMPLES[0], algorithms=("ES256", "RS256"))))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_another_library_verifies_the_tokens(algorithm):
    wanted = replace(wanted_by(CONTROL, int(time.time()), "a b"), algorithm=algorithm)
    decoded = jwt.decode(PROVIDER.token(wanted), KeySet.import_key_set(PROVIDER.jwks()), algorithms=[algorithm])
    assert decoded.claims == wanted.payload
    assert decoded.header["kid"] in {k.kid for k in CONTROL.keys}


def test_the_key_set_has_no_private_parts():
    assert {m for key in PROVIDER.jwks()["keys"] for m in key} == {"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"}


def test_the_endpoint():
    with token_endpoint(PROVIDER, CONTROL) as port:
        base = f"http://127.0.0.1:{port}"
        with urlopen(f"{base}/jwks.json", timeout=5) as answer:
            assert json.load(answer) == PROVIDER.jwks()
        asked = Request(f"{base}/token?sub=bob&scope=a%20b&lifetime_s=60&alg=RS256", method="POST")
        with urlopen(asked, timeout=5) as answer:
            token = json.load(answer)["access_token"]
        claims = jwt.decode(token, KeySet.import_key_set(PROVIDER.jwks()), algorithms=["RS256"]).claims
        assert (claims["sub"], claims["scope"], claims["iss"]) == ("bob", "a b", CONTROL.issuer)
        assert claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/jwks.json", 404), ("POST", "/token?alg=none", 400), ("POST", "/token?lifetime_s=x", 400)],
)
def test_everything_else_is_refused(method, path, status):
    with token_endpoint(PROVIDER, CONTROL) as port, pytest.raises(HTTPError) as refused:
        urlopen(Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=5)
    with refused.value as answer:
        assert answer.code == status
