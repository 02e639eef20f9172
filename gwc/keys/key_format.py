"""The form of a key that gwc makes: `gwc_`, 43 characters of a random 256-bit number, 6 characters of a checksum.

Both numbers are written in base 62 (`0-9`, `A-Z`, `a-z`, the most significant digit first, with leading zeros). The checksum is the
CRC-32 (ISO-HDLC, as in zlib) of the 47 characters before it: it tells a mistyped key, and lets secret scanners tell a key from
other text without asking anyone. It protects nothing: the key is the random number.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

PREFIX = "gwc_"
PATTERN = re.compile(r"gwc_[0-9A-Za-z]{49}", re.ASCII)
"""What secret scanners look for. A whole key is 53 characters."""
KEY_BITS = 256
NUMBER_DIGITS = 43  # 62 ** 43 > 2 ** 256
CHECKSUM_DIGITS = 6  # 62 ** 6 > 2 ** 32

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Key:
    """A whole key, the secret itself: `text` is left out of every representation."""

    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """What a consumers file says about the key."""
        return digest_of(self.text.encode())


def new_key() -> Key:
    """A key that nobody else has, from the operating system's random numbers."""
    return Key(written(secrets.randbits(KEY_BITS)))


def written(number: int) -> str:
    """The key of a random number of 256 bits."""
    if not 0 <= number < 1 << KEY_BITS:
        raise ValueError("a key is a number of 256 bits")
    body = PREFIX + _base62(number, NUMBER_DIGITS)
    return body + checksum(body)


def checksum(body: str) -> str:
    """The last six characters of the key that begins with `body`, 47 characters of ASCII."""
    return _base62(zlib.crc32(body.encode("ascii")), CHECKSUM_DIGITS)


def mistake(secret: bytes) -> str:
    """Why these bytes can't be a key that gwc made; an empty text when they can. Never quotes them."""
    if not secret:
        return "it is empty"
    if not secret.startswith(PREFIX.encode()):
        return f"it does not begin with {PREFIX}"
    if not PATTERN.fullmatch(text := secret.decode("ascii", "replace")):
        return f"it is not {PREFIX} and 49 letters and digits"
    if checksum(text[:-CHECKSUM_DIGITS]) != text[-CHECKSUM_DIGITS:]:
        return "its checksum is wrong"
    return ""


def digest_of(secret: bytes) -> str:
    """`sha256:` and the hexadecimal SHA-256 of a key, as consumers files have it and gateways compute it."""
    return f"sha256:{hashlib.sha256(secret).hexdigest()}"


def _base62(number: int, digits: int) -> str:
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_ALPHABET))
        found = _ALPHABET[digit] + found
    return found
