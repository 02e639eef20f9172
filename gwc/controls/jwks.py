"""JSON Web Key Sets (RFC 7517) at compile time: only keys that every gateway verifies in the same way get through.

The rules of one key (`usable` in the runtimes follows the same for sets that are fetched at run time):

- an object with a `kid` of 1 to 128 visible ASCII characters, without private members;
- `use`, when there, is `sig`; `key_ops`, when there, has `verify`;
- one algorithm: `alg`, or without it the one that follows from `crv`, or the only RSA algorithm of the policy. It is one of the
  policy's algorithms and fits `kty` and `crv`;
- RSA: 2048 to 8192 bits, odd, exponent odd, from 65537 to 2^32, not made by the broken generator of CVE-2017-15361 (ROCA);
  elliptic curves: coordinates of exactly the curve's size, a point on the curve.

A private or symmetric key is an error, and no member of it is ever repeated in a message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from gwc.controls.jwk import (
    COORDINATE_BYTES,
    CURVE_OF,
    RSA_ALGORITHMS,
    Algorithm,
    Curve,
    EcAlgorithm,
    EcKey,
    OkpKey,
    PublicKey,
    RsaAlgorithm,
    RsaKey,
)
from gwc.controls.spec import Located
from gwc.diagnostics import Findings, Label

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
_MIN_EXPONENT = 65537

# NIST curves (SP 800-186 3.2.1): y^2 = x^3 - 3x + b over GF(p); p and b
_CURVES = {
    "P-256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "P-384": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    ),
    "P-521": (
        2**521 - 1,
        0x051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    ),
}

# A modulus of the broken generator is a power of 65537 modulo each of these primes (Nemec et al., CCS 2017).
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def public_keys(document: Any, algorithms: Sequence[Algorithm], place: Located, findings: Findings) -> tuple[PublicKey, ...]:
    """The verification keys of the set for these algorithms, by kid. Keys of other algorithms or uses are left out with a warning."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        findings.error("GWC203", "a JSON Web Key Set is an object with a list `keys`", place.span())
        return ()
    keys: dict[str, tuple[PublicKey, Located]] = {}
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


def usable_key(entry: Any, algorithms: Sequence[Algorithm]) -> PublicKey | None:
    """The key of one entry of a set, None for one that gwc does not use."""
    try:
        return _checked(entry, algorithms)
    except (_LeftOut, ValueError):
        return None


def _key(entry: Any, algorithms: Sequence[Algorithm], place: Located, findings: Findings) -> PublicKey | None:
    try:
        return _checked(entry, algorithms)
    except _LeftOut as reason:
        findings.warning("GWC203", f"this key is not used: {reason}", place.span())
    except ValueError as reason:
        findings.error("GWC203", f"this key can't be used: {reason}", place.span())
    return None


class _LeftOut(Exception):  # noqa: N818 - not an error
    """A key that is none of ours."""


def _checked(entry: Any, algorithms: Sequence[Algorithm]) -> PublicKey:
    if not isinstance(entry, dict):
        raise ValueError("a key is an object")  # noqa: TRY004 - of the document, not of the caller
    if _PRIVATE_MEMBERS & entry.keys():
        raise ValueError("it is private or symmetric; the policy takes public keys only")
    if entry.get("use", "sig") != "sig" or not _may_verify(entry):
        raise _LeftOut("it is not for verifying signatures")
    algorithm = _algorithm(entry, algorithms)
    kid = entry.get("kid")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise ValueError("it needs a `kid` of visible ASCII characters: tokens name their key by it")
    if entry["kty"] == "RSA":
        return _rsa(kid, cast("RsaAlgorithm", algorithm), entry)
    return _okp(kid, entry) if entry["kty"] == "OKP" else _ec(kid, cast("EcAlgorithm", algorithm), entry)


def _may_verify(entry: dict[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _algorithm(entry: dict[str, Any], algorithms: Sequence[Algorithm]) -> Algorithm:
    """The one algorithm of the key."""
    possible = _possible(entry)
    named = entry.get("alg")
    if named is not None and named not in possible:
        raise _LeftOut(f"its `alg` {str(named)[:20]!r} is not one for its kind of key, or is not supported")
    chosen = [a for a in algorithms if a in possible and a == (named or a)]
    if not chosen:
        raise _LeftOut(f"algorithms has no {named or ' or '.join(possible)}")
    if len(chosen) > 1:
        raise ValueError(f"it has no `alg`, and {' and '.join(chosen)} would both fit: a key is for one algorithm (RFC 8725 3.1)")
    return chosen[0]


def _possible(entry: dict[str, Any]) -> tuple[str, ...]:
    """The algorithms that the kind of the key allows."""
    kind, curve = entry.get("kty"), entry.get("crv")
    if kind == "RSA":
        return RSA_ALGORITHMS
    found = tuple(a for a, c in CURVE_OF.items() if c == curve) if kind == "EC" else ()
    if kind == "OKP" and curve == "Ed25519":
        found = ("EdDSA",)
    if not found:
        raise _LeftOut("its kind is not supported (RSA, EC on P-256, P-384 or P-521, OKP on Ed25519)")
    return found


def _rsa(kid: str, algorithm: RsaAlgorithm, entry: dict[str, Any]) -> RsaKey:
    modulus, exponent = _integer(entry, "n"), _integer(entry, "e")
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS or modulus % 2 == 0:
        raise ValueError(f"an RSA modulus is odd and has {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits")
    if not _MIN_EXPONENT <= exponent < 2**32 or exponent % 2 == 0:
        raise ValueError(f"an RSA exponent is odd, at least {_MIN_EXPONENT} and below 2^32")
    if all(modulus % p in _powers(p) for p in _ROCA_PRIMES):
        raise ValueError("its modulus was made by a generator whose keys can be factored (CVE-2017-15361, ROCA)")
    return RsaKey(kid=kid, algorithm=algorithm, n=entry["n"], e=entry["e"])


@cache
def _powers(prime: int) -> frozenset[int]:
    """The powers of 65537 modulo the prime."""
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * 65537 % prime
    return frozenset(found)


def _ec(kid: str, algorithm: EcAlgorithm, entry: dict[str, Any]) -> EcKey:
    curve = cast("Curve", entry["crv"])
    size = COORDINATE_BYTES[curve]
    x, y = _integer(entry, "x", size), _integer(entry, "y", size)
    p, b = _CURVES[curve]
    if max(x, y) >= p or (y * y - (x * x * x - 3 * x + b)) % p:
        raise ValueError(f"its point is not on the curve {curve}")
    return EcKey(kid=kid, algorithm=algorithm, crv=curve, x=entry["x"], y=entry["y"])


def _okp(kid: str, entry: dict[str, Any]) -> OkpKey:
    _integer(entry, "x", 32)
    return OkpKey(kid=kid, algorithm="EdDSA", crv="Ed25519", x=entry["x"])


def _integer(entry: dict[str, Any], member: str, length: int | None = None) -> int:
    """The number of a Base64urlUInt (RFC 7518 section 2): canonical, no leading zero byte unless `length` bytes are asked for."""
    text = entry.get(member)
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError(f"{member!r} must be base64url without padding")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != text:
        raise ValueError(f"{member!r} is not canonical base64url")
    if length is not None and len(octets) != length:
        raise ValueError(f"{member!r} must have {length} bytes")
    if length is None and octets[0] == 0:
        raise ValueError(f"{member!r} begins with a zero byte")
    return int.from_bytes(octets)
