"""Public keys of tokens (RFC 7517, RFC 7518, RFC 8037): one algorithm for each key, whatever a token says."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

RsaAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
EcAlgorithm = Literal["ES256", "ES384", "ES512"]
HmacAlgorithm = Literal["HS256", "HS384", "HS512"]
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]  # fmt: skip
Curve = Literal["P-256", "P-384", "P-521"]

RSA_ALGORITHMS: tuple[RsaAlgorithm, ...] = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
HMAC_ALGORITHMS: tuple[HmacAlgorithm, ...] = ("HS256", "HS384", "HS512")
CURVE_OF = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})
"""RFC 7518 3.4: the algorithm decides the curve."""
COORDINATE_BYTES = MappingProxyType({"P-256": 32, "P-384": 48, "P-521": 66})


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaKey:
    """An RSA public key: 2048 to 8192 bits, exponent at least 65537. `n` and `e`: base64url as in RFC 7518 6.3.1."""

    kid: str
    algorithm: RsaAlgorithm
    n: str
    e: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EcKey:
    """A point on a curve of NIST. `x` and `y`: base64url of `COORDINATE_BYTES` each (RFC 7518 6.2.1)."""

    kid: str
    algorithm: EcAlgorithm
    crv: Curve
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OkpKey:
    """An Ed25519 public key. `x`: base64url of 32 bytes (RFC 8037 2)."""

    kid: str
    algorithm: Literal["EdDSA"]
    crv: Literal["Ed25519"]
    x: str


PublicKey = RsaKey | EcKey | OkpKey


def as_jwk(key: PublicKey) -> dict[str, str]:
    """The key as a member of a JWK set, with `alg` and `use`."""
    common = {"kid": key.kid, "use": "sig", "alg": key.algorithm}
    if isinstance(key, RsaKey):
        return {"kty": "RSA", **common, "n": key.n, "e": key.e}
    if isinstance(key, EcKey):
        return {"kty": "EC", **common, "crv": key.crv, "x": key.x, "y": key.y}
    return {"kty": "OKP", **common, "crv": key.crv, "x": key.x}
