"""DER of keys and signatures is what `cryptography` writes."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gwc.controls.jwk import as_jwk
from gwc.local import signing
from tests.lua.lua_core import module, to_lua

ALGORITHMS = ("RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA")
BYTES = {"ES256": 64, "ES384": 96, "ES512": 132}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_public_keys(lua, algorithm):
    private = signing.new_key(algorithm)
    key = {**as_jwk(signing.public_key(private, "a", algorithm)), "algorithm": algorithm}
    wanted = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert module(lua, "spki").public_key(to_lua(lua, key)).encode("latin-1") == wanted


@pytest.mark.parametrize("algorithm", BYTES)
@pytest.mark.parametrize("r", [1, 127, 128, 255, 256, 2**255, 2**256 - 1])
def test_signatures(lua, algorithm, r):
    size = BYTES[algorithm] // 2
    raw = (r.to_bytes(size) + (r // 2).to_bytes(size)).decode("latin-1")
    assert module(lua, "spki").der_signature(raw, algorithm).encode("latin-1") == encode_dss_signature(r, r // 2)


@pytest.mark.parametrize("algorithm", BYTES)
def test_a_signature_of_another_length_is_none(lua, algorithm):
    spki, size = module(lua, "spki"), BYTES[algorithm]
    assert spki.signature_bytes(algorithm) == size
    assert spki.der_signature("x" * size, algorithm)
    for other in (0, size - 1, size + 1, 2 * size):
        assert spki.der_signature("x" * other, algorithm) is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA", "HS256"])
def test_other_algorithms_have_no_length_of_their_own(lua, algorithm):
    assert module(lua, "spki").signature_bytes(algorithm) is None
