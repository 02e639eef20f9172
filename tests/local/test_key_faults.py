"""No key of the collection is ever used by a policy, although its token is signed well; nor is any set of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from gwc.controls.jwk import as_jwk
from gwc.controls.jwt import EXAMPLES
from gwc.local.identity_provider import IdentityProvider
from gwc.local.key_faults import BAD_KID, KEY_FAULTS, SET_FAULTS, _made, bad_key
from gwc.local.token_endpoint import wanted_by
from gwc.semantics import jwt as model
from tests.semantics.given import request
from tests.support.key_sets import usable

CONTROL = replace(EXAMPLES[0], algorithms=("ES256", "ES384", "RS256"))
NOW_S = int(time.time())
GOOD = IdentityProvider().jwks(["ES256"])["keys"]


def _reasons(token: str, keys: tuple) -> list[str]:
    return list(model.find_faults(CONTROL, model.read(request("GET", "/", f"Authorization: Bearer {token}")), NOW_S, keys))


@pytest.mark.parametrize("name", sorted(KEY_FAULTS))
def test_the_key_is_not_used_and_the_others_are(name):
    made = bad_key(wanted_by(CONTROL, NOW_S), name)
    keys, messages = usable({"keys": [*GOOD, made.entry]}, CONTROL.algorithms)
    assert [as_jwk(k) for k in keys] == GOOD
    assert len(messages) == 1
    assert not any(str(made.entry[secret]) in messages[0] for secret in ("d", "k") if secret in made.entry)
    assert _reasons(made.token, keys) == ["authn.unknownKey"]


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256"])
def test_without_its_fault_the_key_would_be_used(algorithm):
    made = _made(algorithm, lambda entry: entry)(wanted_by(CONTROL, NOW_S))
    keys, messages = usable({"keys": [made.entry]}, CONTROL.algorithms)
    assert ([k.kid for k in keys], messages) == ([BAD_KID], [])
    assert _reasons(made.token, keys) == []


@pytest.mark.parametrize("name", sorted(SET_FAULTS))
def test_the_set_is_none(name):
    """Sets that are no strict JSON at all, or have a member twice, are refused by whoever reads the text."""
    body = SET_FAULTS[name]({"keys": GOOD})
    if name in {"memberTwice", "memberTwiceInKey", "textAfter", "cut", "notUtf8", "nothing"}:
        assert model._json_object(body) is None
        return
    keys, messages = usable(json.loads(body), CONTROL.algorithms)
    assert messages
    assert keys == () or name == "kidTwice"
