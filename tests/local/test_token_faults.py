"""A token with one fault has exactly one reason to be refused, with every algorithm, and is a good token without the fault."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import get_args

import pytest

from gwc.controls.jwk import HMAC_ALGORITHMS, Algorithm
from gwc.controls.jwt import EXAMPLES, Jwt
from gwc.local.forged_tokens import decoded, other_algorithm
from gwc.local.token_endpoint import wanted_by
from gwc.local.token_faults import FAULTS, LIFETIME_FAULTS, TYPE_FAULTS, broken_token
from gwc.semantics import jwt as model
from tests.semantics.given import request
from tests.support.tokens import identity_provider

PROVIDER = identity_provider()
NOW_S = int(time.time())
ALL = get_args(Algorithm)

REASONS = {
    "authn.malformed": [
        "algTwice", "empty", "fourParts", "garbage", "headerNotJson", "headerTwice", "headerTwiceEscaped", "noSignature", "nonCanonicalTail",
        "algNoneUnsigned", "notBase64", "padding", "spaceInside", "twoParts",
    ],
    "authn.critical": ["crit", "critB64", "critEmpty"],
    "authn.type": list(TYPE_FAULTS),
    "authn.unknownKey": ["kidNumber", "noKid", "unknownKid"],
    "authn.algorithm": [
        "algMissing", "algNone", "algNoneSpelling", "algNumber", "algRs512", "algSpelling", "confusion", "confusionDer", "keyOfOtherAlgorithm", "kidOfOtherKey",
    ],
    "authn.signature": [
        "derSignature", "embeddedJwk", "foreignKey", "jku", "keyOfOtherCurve", "longSignature", "otherPayload", "otherScheme", "shortSignature", "tampered", "x5u",
        "zeroSignature",
    ],
    "authn.claims": [
        "audienceMixed", "audienceNumber", "audienceObject", "claimTwice", "claimTwiceEscaped", "claimTwiceInside", "expBeyond", "expBoolean", "expHuge",
        "expNegative", "expNull", "expText", "iatText", "issuerList", "issuerNumber", "jtiNumber", "nbfText", "notUtf8", "payloadArray", "payloadEmpty",
        "payloadNotJson", "payloadNull", "subjectNumber",
    ],
    "authn.expired": ["expired", "noExp"],
    "authn.notBefore": ["notYet"],
    "authn.issuedAt": ["iatFuture"],
    "authn.lifetime": list(LIFETIME_FAULTS),
    "authn.issuer": ["issuerPrefix", "noIssuer", "wrongIssuer"],
    "authn.audience": ["audienceEmpty", "audienceList", "noAudience", "wrongAudience"],
    "authn.subject": ["emptySubject", "longSubject", "noSubject", "subjectNobody", "subjectWithNewline", "subjectWithSpace"],
}  # fmt: skip
REASON_OF = {name: reason for reason, names in REASONS.items() for name in names}


def _control(algorithm: Algorithm, **changed: object) -> Jwt:
    """Takes the algorithm, and that of the key that some faults name beside it."""
    algorithms = tuple(sorted({algorithm, other_algorithm(algorithm)}))
    return replace(EXAMPLES[0], algorithms=algorithms, **changed)


def _reasons(control: Jwt, token: str) -> list[str]:
    read = model.read(request("GET", "/", f"Authorization: Bearer {token}"))
    return list(model.find_faults(control, read, NOW_S, PROVIDER.verification_keys(control)))


@pytest.mark.parametrize("algorithm", ALL)
def test_a_token_without_a_fault(algorithm):
    control = _control(algorithm, typ="at+jwt", max_lifetime_s=3600)
    assert _reasons(control, PROVIDER.token(replace(wanted_by(control, NOW_S), algorithm=algorithm))) == []


@pytest.mark.parametrize("algorithm", ALL)
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_has_its_reason(name, algorithm):
    if algorithm in HMAC_ALGORITHMS and name in {"confusion", "confusionDer"}:
        algorithm = "RS256"  # there is no public key to be confused with
    control = _control(algorithm)
    wanted = replace(wanted_by(control, NOW_S), algorithm=algorithm)
    assert _reasons(control, broken_token(PROVIDER, wanted, name)) == [REASON_OF[name]]


@pytest.mark.parametrize("name", [*TYPE_FAULTS, *LIFETIME_FAULTS])
def test_a_fault_of_a_demand_is_none_without_it(name):
    control = _control("ES256", typ="at+jwt", max_lifetime_s=3600)
    token = broken_token(PROVIDER, wanted_by(control, NOW_S), name)
    assert _reasons(control, token) == [REASON_OF[name]]
    assert _reasons(replace(control, typ=None, max_lifetime_s=None), token) == []


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "HS384", "RS256", "EdDSA"])
def test_the_spelling_that_is_not_canonical_means_the_same_bytes(algorithm):
    wanted = replace(wanted_by(_control(algorithm), NOW_S), algorithm=algorithm)
    parts = broken_token(PROVIDER, wanted, "nonCanonicalTail").split(".")
    canonical = [p for p in parts if p == model_spelling(p)]
    assert len(canonical) == 2


def model_spelling(text: str) -> str:
    from gwc.semantics.base64url import encode  # noqa: PLC0415

    return encode(decoded(text))


def test_every_fault_is_named_here():
    assert sorted(REASON_OF) == sorted([*FAULTS, *TYPE_FAULTS, *LIFETIME_FAULTS])
