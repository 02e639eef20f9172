"""SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of the keys of a policy: what njs imports in all its versions. DER by hand, a few lines."""

from __future__ import annotations

import base64
from types import MappingProxyType

from gwc.controls.jwk import COORDINATE_BYTES, EcKey, RsaKey

_INTEGER, _BIT_STRING, _SEQUENCE = 0x02, 0x03, 0x30
_RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")  # RFC 3279 2.3.1
_ON_CURVE = MappingProxyType(  # RFC 5480 2.1.1
    {
        "P-256": bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107"),
        "P-384": bytes.fromhex("301006072a8648ce3d020106052b81040022"),
        "P-521": bytes.fromhex("301006072a8648ce3d020106052b81040023"),
    }
)
_UNCOMPRESSED = b"\x04"


def encode_spki(key: RsaKey | EcKey) -> bytes:
    """The DER form of the key."""
    if isinstance(key, RsaKey):
        public = _tlv(_SEQUENCE, _integer(_decode(key.n)) + _integer(_decode(key.e)))
        return _tlv(_SEQUENCE, _RSA_ENCRYPTION + _bits(public))
    size = COORDINATE_BYTES[key.crv]
    point = _UNCOMPRESSED + _decode(key.x).rjust(size, b"\0") + _decode(key.y).rjust(size, b"\0")
    return _tlv(_SEQUENCE, _ON_CURVE[key.crv] + _bits(point))


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + _length(len(content)) + content


def _length(n: int) -> bytes:
    if n < 0x80:
        return bytes((n,))
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def _integer(magnitude: bytes) -> bytes:
    """A positive INTEGER: no needless zeros, one zero where the first bit would be read as a sign."""
    digits = magnitude.lstrip(b"\0") or b"\0"
    return _tlv(_INTEGER, b"\0" + digits if digits[0] & 0x80 else digits)


def _bits(content: bytes) -> bytes:
    return _tlv(_BIT_STRING, b"\0" + content)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
