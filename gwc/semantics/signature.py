"""Signatures of tokens, checked by the `cryptography` package (it comes with the extra `run`)."""

from __future__ import annotations

from gwc.controls.jwt import EcKey, RsaKey
from gwc.semantics.base64url import decode


def is_signed(key: RsaKey | EcKey, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's: RS256 for an RSA key, ES256 (64 bytes, RFC 7518 3.4) for a P-256 key."""
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - a heavy import, for signed tokens only
    except ImportError as e:
        raise RuntimeError("the model needs the package `cryptography` to check tokens: pip install 'gwc[run]'") from e
    try:
        _verify_rsa(key, signed, signature) if isinstance(key, RsaKey) else _verify_ec(key, signed, signature)
    except InvalidSignature:
        return False
    return True


def _verify_rsa(key: RsaKey, signed: bytes, signature: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    numbers = rsa.RSAPublicNumbers(_integer(key.e), _integer(key.n))
    numbers.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())


def _verify_ec(key: EcKey, signed: bytes, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    if len(signature) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    numbers = ec.EllipticCurvePublicNumbers(_integer(key.x), _integer(key.y), ec.SECP256R1())
    numbers.public_key().verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


def _integer(text: str) -> int:
    decoded = decode(text)
    assert decoded is not None, "keys were checked when the policy was compiled"
    return int.from_bytes(decoded)
