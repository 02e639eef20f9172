"""JSON Web Key Sets (RFC 7517) at compile time: only keys that every gateway verifies in the same way get through.

A private or symmetric key is an error, and no member of it is ever repeated in a message.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from gwc.controls.jwt import EcKey, RsaKey
from gwc.controls.spec import Located
from gwc.diagnostics import Findings, Label

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
_MIN_EXPONENT = 65537

# NIST P-256 (SP 800-186 3.2.1.3): y^2 = x^3 - 3x + b over GF(p)
_P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def public_keys(document: Any, algorithms: list[str], place: Located, findings: Findings) -> tuple[RsaKey | EcKey, ...]:
    """The verification keys of the set for these algorithms, by kid. Keys of other algorithms or uses are left out with a warning."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        findings.error("GWC203", "a JSON Web Key Set is an object with a list `keys`", place.span())
        return ()
    keys: dict[str, tuple[RsaKey | EcKey, Located]] = {}
    for i, entry in enumerate(entries):
        here = place.at("keys", i)
        key = _key(entry, algorithms, here, findings)
        if key is None:
            continue
        if key.kid in keys:
            first = Label(keys[key.kid][1].span(), "first here")
            findings.error("GWC203", "two keys have the same kid", here.at("kid").span(), first)
        keys[key.kid] = (key, here)
    if not keys and not findings.has_errors:
        findings.error("GWC203", f"the set has no key for {', '.join(algorithms)}", place.span())
    return tuple(keys[kid][0] for kid in sorted(keys))


def _key(entry: Any, algorithms: list[str], place: Located, findings: Findings) -> RsaKey | EcKey | None:
    try:
        return _checked(entry, algorithms)
    except _LeftOut as reason:
        findings.warning("GWC203", f"this key is not used: {reason}", place.span())
    except ValueError as reason:
        findings.error("GWC203", f"this key can't be used: {reason}", place.span())
    return None


class _LeftOut(Exception):  # noqa: N818 - not an error
    """A key that is none of ours."""


def _checked(entry: Any, algorithms: list[str]) -> RsaKey | EcKey:
    if not isinstance(entry, dict):
        raise ValueError("a key is an object")  # noqa: TRY004 - of the document, not of the caller
    if _PRIVATE_MEMBERS & entry.keys():
        raise ValueError("it is private or symmetric; the policy takes public keys only")
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        raise _LeftOut("it is not for verifying signatures")
    algorithm = _algorithm(entry)
    if algorithm not in algorithms or entry.get("alg", algorithm) != algorithm:
        raise _LeftOut(f"algorithms has no {entry.get('alg', algorithm)!r}")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise ValueError("it needs a `kid` of visible ASCII characters: tokens name their key by it")
    return _rsa(kid, entry) if algorithm == "RS256" else _ec(kid, entry)


def _algorithm(entry: dict[str, Any]) -> str:
    if entry.get("kty") == "RSA":
        return "RS256"
    if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
        return "ES256"
    raise _LeftOut("its kind is not yet supported by this version of gwc (RSA for RS256, EC P-256 for ES256)")


def _rsa(kid: str, entry: dict[str, Any]) -> RsaKey:
    modulus, exponent = _integer(entry, "n"), _integer(entry, "e")
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS or modulus % 2 == 0:
        raise ValueError(f"an RSA modulus is odd and has {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits")
    if not _MIN_EXPONENT <= exponent < 2**32 or exponent % 2 == 0:
        raise ValueError(f"an RSA exponent is odd, at least {_MIN_EXPONENT} and below 2^32")
    return RsaKey(kid=kid, n=entry["n"], e=entry["e"])


def _ec(kid: str, entry: dict[str, Any]) -> EcKey:
    x, y = _integer(entry, "x", 32), _integer(entry, "y", 32)
    if max(x, y) >= _P256_P or (y * y - (x * x * x - 3 * x + _P256_B)) % _P256_P:
        raise ValueError("its point is not on the curve P-256")
    return EcKey(kid=kid, x=entry["x"], y=entry["y"])


def _integer(entry: dict[str, Any], member: str, length: int | None = None) -> int:
    """The number of a Base64urlUInt (RFC 7518 section 2): canonical, no leading zero byte unless `length` bytes are asked for."""
    text = entry.get(member)
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise ValueError(f"{member!r} must be base64url without padding")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != text:
        raise ValueError(f"{member!r} is not canonical base64url")
    if length is not None and len(octets) != length:
        raise ValueError(f"{member!r} must have {length} bytes")
    if length is None and octets[0] == 0:
        raise ValueError(f"{member!r} begins with a zero byte")
    return int.from_bytes(octets)
