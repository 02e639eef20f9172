"""Base64url as RFC 7515 has it: without padding, and one spelling for each value."""

from __future__ import annotations

import base64
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")


def decode(text: str) -> bytes | None:
    """The bytes, or None for anything but their canonical spelling."""
    if not _ALPHABET.match(text) or len(text) % 4 == 1:
        return None
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return decoded if encode(decoded) == text else None


def encode(data: bytes) -> str:
    """The canonical spelling."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
