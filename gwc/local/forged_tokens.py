"""Tokens whose signature is not what it should be: what an attacker without the private key can make."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, cast

from gwc.controls.jwk import CURVE_OF, HMAC_ALGORITHMS, Algorithm, as_jwk
from gwc.local.identity_provider import IdentityProvider, TokenRequest, kid, part
from gwc.local.signing import sign
from gwc.semantics.base64url import encode

Break = Callable[[IdentityProvider, TokenRequest], str]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@functools.cache
def attacker() -> IdentityProvider:
    """Has the same key ids, but other keys; one for the whole process, because RSA keys take a moment to make."""
    return IdentityProvider()


def decoded(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def foreign(_: IdentityProvider, want: TokenRequest) -> str:
    """Of the right form, by a key that has the right key id, but is not the provider's."""
    return attacker().sign(want.header, want.payload, want.algorithm)


def confused(form: Literal["pem", "der"]) -> Break:
    """HS256 with the public key's file as the secret (RFC 8725, section 2.1)."""

    def forge(idp: IdentityProvider, want: TokenRequest) -> str:
        signed = f"{part({**want.header, 'alg': 'HS256'})}.{part(want.payload)}"
        return f"{signed}.{encode(hmac.digest(_public_file(idp, want, form), signed.encode(), hashlib.sha256))}"

    return forge


def _public_file(idp: IdentityProvider, want: TokenRequest, form: Literal["pem", "der"]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    algorithm: Algorithm = "RS256" if want.algorithm in HMAC_ALGORITHMS else want.algorithm
    encoding = {"pem": Encoding.PEM, "der": Encoding.DER}[form]
    file: bytes = idp.private_key(algorithm).public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return file


def embedded(member: Literal["jwk", "jku", "x5u"]) -> Break:
    """Signed by the attacker's key, which the header itself brings, or says where to get (RFC 8725, section 3.10)."""

    def forge(_: IdentityProvider, want: TokenRequest) -> str:
        algorithm: Algorithm = "RS256" if want.algorithm in HMAC_ALGORITHMS else want.algorithm
        key = as_jwk(attacker().public_key(algorithm))
        brought: object = key if member == "jwk" else "https://127.0.0.1:9/keys.json"
        return attacker().sign({**want.header, member: brought}, want.payload, want.algorithm)

    return forge


def der(idp: IdentityProvider, want: TokenRequest) -> str:
    """An ECDSA signature as ASN.1, as it is not allowed in a JWS."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

    signed = f"{part(want.header)}.{part(want.payload)}"
    raw = idp.signature(signed.encode(), want.algorithm if want.algorithm in CURVE_OF else "ES256")
    half = len(raw) // 2
    return f"{signed}.{encode(encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:])))}"


def other_algorithm(algorithm: Algorithm) -> Algorithm:
    """One whose key is of another kind."""
    return "RS256" if algorithm == "ES256" else "ES256"


def kid_of_other_key(idp: IdentityProvider, want: TokenRequest) -> str:
    """Signed as it should be; the key id is that of a key for another algorithm."""
    other = kid(other_algorithm(want.algorithm), want.generation)
    return idp.sign({**want.header, "kid": other}, want.payload, want.algorithm)


def key_of_other_algorithm(idp: IdentityProvider, want: TokenRequest) -> str:
    """The key id of one key, algorithm and signature of another."""
    other = other_algorithm(want.algorithm)
    return idp.sign({**want.header, "alg": other}, want.payload, other)


def key_of_other_curve(idp: IdentityProvider, want: TokenRequest) -> str:
    """Key id and algorithm of the right key, signed by one on P-384 (on P-256, when P-384 is right)."""
    signed = f"{part(want.header)}.{part(want.payload)}"
    return f"{signed}.{encode(idp.signature(signed.encode(), 'ES256' if want.algorithm == 'ES384' else 'ES384'))}"


def other_scheme(idp: IdentityProvider, want: TokenRequest) -> str:
    """The right key in another way: RSA with the padding of the other family (RFC 8725, section 3.1), others over a digest of the input."""
    signed = f"{part(want.header)}.{part(want.payload)}"
    others = {"RS": "PS", "PS": "RS"}
    family = others.get(want.algorithm[:2])
    algorithm = cast("Algorithm", family + want.algorithm[2:]) if family else want.algorithm
    message = signed.encode() if family else hashlib.sha256(signed.encode()).digest()
    return f"{signed}.{encode(sign(idp.private_key(want.algorithm), algorithm, message))}"


def other_payload(idp: IdentityProvider, want: TokenRequest) -> str:
    """The signature of one payload under another."""
    header, _, signature = idp.token(want).split(".")
    return f"{header}.{part({**want.payload, 'sub': 'root'})}.{signature}"


def other_signature(change: Callable[[bytes], bytes]) -> Break:
    """The bytes of the signature changed."""

    def forge(idp: IdentityProvider, want: TokenRequest) -> str:
        signed, _, signature = idp.token(want).rpartition(".")
        return f"{signed}.{encode(change(decoded(signature)))}"

    return forge


def flipped(data: bytes) -> bytes:
    """One bit in the middle is another."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def not_canonical(idp: IdentityProvider, want: TokenRequest) -> str:
    """A last character with one of its unused bits set: the same bytes in another spelling.

    That of the signature; where its length leaves no unused bits (ES384, ES512, HS384), that of the payload, signed as it stands.
    """
    signed, _, signature = idp.token(want).rpartition(".")
    if len(signature) % 4:
        return f"{signed}.{_other_tail(signature)}"
    payload = next(p for p in (part({**want.payload, "x": "x" * n}) for n in range(3)) if len(p) % 4)
    return idp.sign_parts(part(want.header), _other_tail(payload), want.algorithm)


def _other_tail(text: str) -> str:
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) + 1]
