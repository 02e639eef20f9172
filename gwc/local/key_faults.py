"""Keys that a gateway must not use, whatever the set says that they are in, each with a token that is properly signed by it.

A gateway that fetches such a set takes the good keys in it and refuses the token (`gwc.controls.jwks` has the rules). `SET_FAULTS` are
whole answers that are no key set, although the keys are in most of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from gwc.controls.jwk import Algorithm, as_jwk
from gwc.local import signing
from gwc.local.identity_provider import TokenRequest, part
from gwc.semantics.base64url import encode

BAD_KID = "bad"


@dataclass(frozen=True, slots=True)
class BadKey:
    """A member of `keys`, and a token whose `kid` and signature are this key's."""

    entry: dict[str, Any]
    token: str


def bad_key(wanted: TokenRequest, name: str) -> BadKey:
    """The key `name` of `KEY_FAULTS`, new at every call; the token says what `wanted` says, apart from its header."""
    return KEY_FAULTS[name](wanted)


Make = Callable[[TokenRequest], BadKey]


def _made(algorithm: Algorithm, change: Callable[[dict[str, Any]], dict[str, Any]], *, says: str | None = None, key: Any = None) -> Make:
    """A key for `algorithm` whose entry is changed; the token's `alg` is `says`."""

    def make(wanted: TokenRequest) -> BadKey:
        private = key() if key else signing.new_key(algorithm)
        entry = change(as_jwk(signing.public_key(private, BAD_KID, algorithm)))
        header = {**wanted.header, "alg": says or algorithm, "kid": BAD_KID}
        signed = f"{part(header)}.{part(wanted.payload)}"
        return BadKey(entry, f"{signed}.{encode(signing.sign(private, algorithm, signed.encode()))}")

    return make


def _with(**members: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda entry: {**entry, **members}


def _without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda entry: {k: v for k, v in entry.items() if k not in names}


def _rsa(bits: int, exponent: int = 65537) -> Callable[[], Any]:
    def make() -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        return rsa.generate_private_key(exponent, bits)

    return make


def _symmetric(wanted: TokenRequest) -> BadKey:
    """A shared secret in a public set: everybody who reads the set can sign."""
    secret = cast("bytes", signing.new_key("HS256"))
    signed = f"{part({**wanted.header, 'alg': 'HS256', 'kid': BAD_KID})}.{part(wanted.payload)}"
    entry = {"kty": "oct", "kid": BAD_KID, "use": "sig", "alg": "HS256", "k": encode(secret)}
    return BadKey(entry, f"{signed}.{encode(signing.sign(secret, 'HS256', signed.encode()))}")


def _private(wanted: TokenRequest) -> BadKey:
    """A private key in a public set: everybody who reads the set can sign."""
    key = signing.new_key("ES256")
    secret = encode(key.private_numbers().private_value.to_bytes(32))
    return _made("ES256", _with(d=secret), key=lambda: key)(wanted)


def _padded(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "x": entry["x"] + "="}


def _leading_zero(entry: dict[str, Any]) -> dict[str, Any]:
    """The modulus with a zero byte before it, which Base64urlUInt must not have (RFC 7518, section 2)."""
    modulus = base64.urlsafe_b64decode(entry["n"] + "=" * (-len(entry["n"]) % 4))
    return {**entry, "n": encode(b"\0" + modulus)}


KEY_FAULTS: Mapping[str, Make] = MappingProxyType(
    {
        "useEncryption": _made("ES256", _with(use="enc")),
        "useNumber": _made("ES256", _with(use=7)),
        "operationsWithoutVerify": _made("ES256", _with(key_ops=["sign"])),
        "operationsText": _made("ES256", _with(key_ops="verify")),
        "otherAlgorithm": _made("ES256", _with(alg="ES384")),
        "algorithmOfOtherKind": _made("ES256", _with(alg="RS256")),
        "algorithmOfEncryption": _made("RS256", _with(alg="RSA-OAEP")),
        "otherCurve": _made("ES384", _with(alg="ES256"), says="ES256"),
        "curveName": _made("ES256", _with(crv="secp256k1")),
        "curveMissing": _made("ES256", _without("crv")),
        "kindMissing": _made("ES256", _without("kty")),
        "kindOfOtherKey": _made("ES256", _with(kty="RSA")),
        "kidMissing": _made("ES256", _without("kid")),
        "kidNumber": _made("ES256", _with(kid=7)),
        "coordinateMissing": _made("ES256", _without("y")),
        "coordinatePadded": _made("ES256", _padded),
        "modulusLeadingZero": _made("RS256", _leading_zero),
        "modulusShort": _made("RS256", _with(), key=_rsa(1024)),
        "exponentSmall": _made("RS256", _with(), key=_rsa(2048, 3)),
        "symmetric": _symmetric,
        "private": _private,
    }
)
"""By name: what is wrong with the key."""


def _unusable(document: Mapping[str, Any]) -> object:
    return {"keys": [{**key, "use": "enc"} for key in document["keys"]]}


def _text(change: Callable[[Mapping[str, Any]], object]) -> Callable[[Mapping[str, Any]], bytes]:
    return lambda document: json.dumps(change(document)).encode()


SET_FAULTS: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = MappingProxyType(
    {
        "kidTwice": _text(lambda document: {"keys": [*document["keys"], *document["keys"]]}),
        "keysMissing": _text(lambda _: {}),
        "keysObject": _text(lambda document: {"keys": {k["kid"]: k for k in document["keys"]}}),
        "keysNull": _text(lambda _: {"keys": None}),
        "array": _text(lambda document: document["keys"]),
        "null": lambda _: b"null",
        "nothing": lambda _: b"",
        "allUnusable": _text(_unusable),
        "memberTwice": lambda document: json.dumps(document).encode()[:-1] + b',"keys":[]}',
        "memberTwiceInKey": lambda document: json.dumps(document).encode().replace(b'{"kty"', b'{"kid":"x","kty"', 1),
        "textAfter": lambda document: json.dumps(document).encode() + b"x",
        "cut": lambda document: json.dumps(document).encode()[:-1],
        "notUtf8": lambda document: json.dumps(document).encode()[:-1] + b',"x":"\xff"}',
    }
)
"""By name: what is wrong with the answer. The function makes its body out of a good set."""
