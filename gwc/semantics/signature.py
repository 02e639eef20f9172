"""Signatures of tokens (RFC 7518 3, RFC 8037 3.1), checked by the `cryptography` package (it comes with the extra `run`)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from gwc.controls.jwk import COORDINATE_BYTES, EcKey, OkpKey, RsaKey
from gwc.semantics.base64url import decode
from gwc.semantics.key_set import HmacKey, VerificationKey


def is_signed(key: VerificationKey, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's, by the key's algorithm and in its only form."""
    if isinstance(key, HmacKey):
        return hmac.compare_digest(hmac.digest(key.secret, signed, f"sha{key.algorithm[2:]}"), signature)
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - a heavy import, for signed tokens only
    except ImportError as e:
        raise RuntimeError("the model needs the package `cryptography` to check tokens: pip install 'gwc[run]'") from e
    try:
        if isinstance(key, RsaKey):
            _verify_rsa(key, signed, signature)
        elif isinstance(key, EcKey):
            _verify_ec(key, signed, signature)
        else:
            _verify_ed25519(key, signed, signature)
    except InvalidSignature:
        return False
    return True


def _hash(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]


def _verify_rsa(key: RsaKey, signed: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    chosen = _hash(key.algorithm)
    pss = padding.PSS(mgf=padding.MGF1(chosen), salt_length=hashlib.new(chosen.name).digest_size)
    how = pss if key.algorithm.startswith("PS") else padding.PKCS1v15()
    modulus = _integer(key.n)
    if len(signature) != (modulus.bit_length() + 7) // 8:
        raise InvalidSignature
    rsa.RSAPublicNumbers(_integer(key.e), modulus).public_key().verify(signature, signed, how, chosen)


def _verify_ec(key: EcKey, signed: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    size = COORDINATE_BYTES[key.crv]
    if len(signature) != 2 * size:
        raise InvalidSignature
    curves: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    numbers = ec.EllipticCurvePublicNumbers(_integer(key.x), _integer(key.y), curves[key.crv])
    numbers.public_key().verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(_hash(key.algorithm)))


def _verify_ed25519(key: OkpKey, signed: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    octets = decode(key.x)
    assert octets is not None, "keys were checked when the policy was compiled"
    Ed25519PublicKey.from_public_bytes(octets).verify(signature, signed)


def _integer(text: str) -> int:
    decoded = decode(text)
    assert decoded is not None, "keys were checked when the policy was compiled"
    return int.from_bytes(decoded)
