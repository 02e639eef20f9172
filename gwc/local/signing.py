"""Private keys for the algorithms of RFC 7518 and RFC 8037: how they are made, sign, and show their public half."""

from __future__ import annotations

import hmac
import secrets
from typing import Any, cast

from gwc.controls.jwk import COORDINATE_BYTES, CURVE_OF, Algorithm, Curve, EcAlgorithm, EcKey, OkpKey, PublicKey, RsaAlgorithm, RsaKey
from gwc.semantics.base64url import encode

RSA_BITS = 2048


def new_key(algorithm: Algorithm) -> Any:
    """A private key of `cryptography`; for HS256, HS384 and HS512 random bytes, as many as the hash has."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    if algorithm.startswith("HS"):
        return secrets.token_bytes(int(algorithm[2:]) // 8)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in CURVE_OF:
        curves: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        return ec.generate_private_key(curves[algorithm])
    return rsa.generate_private_key(65537, RSA_BITS)


def sign(key: Any, algorithm: Algorithm, signed: bytes) -> bytes:
    """The signature in the form of RFC 7518: r and s of equal length for ECDSA, a salt as long as the hash for RSASSA-PSS."""
    if algorithm.startswith("HS"):
        return hmac.digest(key, signed, f"sha{algorithm[2:]}")
    if algorithm == "EdDSA":
        return cast("bytes", key.sign(signed))
    return _sign_ec(key, algorithm, signed) if algorithm in CURVE_OF else _sign_rsa(key, algorithm, signed)


def public_key(key: Any, kid: str, algorithm: Algorithm) -> PublicKey:
    """The public half. Raises ValueError for symmetric algorithms, which have none."""
    if algorithm.startswith("HS"):
        raise ValueError(f"{algorithm} has no public key")
    if algorithm == "EdDSA":
        return OkpKey(kid=kid, algorithm="EdDSA", crv="Ed25519", x=encode(key.public_key().public_bytes_raw()))
    numbers = key.public_key().public_numbers()
    if algorithm not in CURVE_OF:
        return RsaKey(kid=kid, algorithm=cast("RsaAlgorithm", algorithm), n=_minimal(numbers.n), e=_minimal(numbers.e))
    curve = cast("Curve", CURVE_OF[algorithm])
    x, y = (encode(c.to_bytes(COORDINATE_BYTES[curve])) for c in (numbers.x, numbers.y))
    return EcKey(kid=kid, algorithm=cast("EcAlgorithm", algorithm), crv=curve, x=x, y=y)


def _minimal(number: int) -> str:
    """Base64urlUInt (RFC 7518, section 2)."""
    return encode(number.to_bytes((number.bit_length() + 7) // 8))


def _hash(algorithm: Algorithm) -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]


def _sign_rsa(key: Any, algorithm: Algorithm, signed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

    chosen = _hash(algorithm)
    pss = padding.PSS(mgf=padding.MGF1(chosen), salt_length=padding.PSS.DIGEST_LENGTH)
    return cast("bytes", key.sign(signed, pss if algorithm.startswith("PS") else padding.PKCS1v15(), chosen))


def _sign_ec(key: Any, algorithm: Algorithm, signed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    size = COORDINATE_BYTES[CURVE_OF[algorithm]]
    r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(_hash(algorithm))))
    return r.to_bytes(size) + s.to_bytes(size)
