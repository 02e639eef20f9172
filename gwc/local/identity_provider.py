"""Issues access tokens with keys of its own, good ones and, for tests, broken ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gwc.controls.jwt import Algorithm, EcKey, Jwt, RsaKey

KIDS: Mapping[Algorithm, str] = {"RS256": "local-rs256", "ES256": "local-es256"}


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def part(value: object) -> str:
    """A header or payload as it stands in a token."""
    return encode(json.dumps(value, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a token is to say. `audience` may be a text or a list; `lifetime_s` counts from `now_s` and may be negative."""

    issuer: str
    audience: str | list[str]
    now_s: int
    subject: str = "alice"
    scopes_claim: str = "scope"
    scope: object = ""
    lifetime_s: int = 3600
    algorithm: Algorithm = "ES256"

    @property
    def payload(self) -> dict[str, Any]:
        """The claims."""
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.subject,
            "iat": self.now_s,
            "exp": self.now_s + self.lifetime_s,
            self.scopes_claim: self.scope,
        }

    @property
    def header(self) -> dict[str, Any]:
        """The JOSE header."""
        return {"alg": self.algorithm, "kid": KIDS[self.algorithm], "typ": "at+jwt"}


class IdentityProvider:
    """One RSA and one P-256 key, made when first needed, for as long as the object lives."""

    @cached_property
    def _rsa(self) -> Any:
        from joserfc.jwk import RSAKey  # noqa: PLC0415

        return RSAKey.generate_key(2048)

    @cached_property
    def _ec(self) -> Any:
        from joserfc.jwk import ECKey  # noqa: PLC0415

        return ECKey.generate_key("P-256")

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JWK set (RFC 7517)."""
        keys: tuple[tuple[Any, Algorithm], ...] = ((self._rsa, "RS256"), (self._ec, "ES256"))
        return {"keys": [{**k.as_dict(private=False), "kid": KIDS[a], "alg": a, "use": "sig"} for k, a in keys]}

    def keys_for(self, control: Jwt) -> tuple[RsaKey | EcKey, ...]:
        """The public keys of the algorithms that `control` takes, by kid."""
        keys: dict[Algorithm, RsaKey | EcKey] = {"RS256": self._rsa_key(), "ES256": self._ec_key()}
        return tuple(sorted((keys[a] for a in control.algorithms), key=lambda k: k.kid))

    def token(self, wanted: TokenRequest) -> str:
        """A signed compact JWS."""
        return self.sign(wanted.header, wanted.payload, wanted.algorithm)

    def sign(self, header: object, payload: object, algorithm: Algorithm) -> str:
        """A compact JWS over any header and payload."""
        return self.sign_parts(part(header), part(payload), algorithm)

    def sign_parts(self, header: str, payload: str, algorithm: Algorithm) -> str:
        """A compact JWS over parts that are encoded already, well or badly."""
        signed = f"{header}.{payload}"
        return f"{signed}.{encode(self.signature(signed.encode('ascii'), algorithm))}"

    def signature(self, signed: bytes, algorithm: Algorithm) -> bytes:
        """RSASSA-PKCS1-v1_5 or ECDSA in the form of RFC 7518 3.4, with SHA-256."""
        from cryptography.hazmat.primitives.asymmetric import ec, padding, utils  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        if algorithm == "RS256":
            signature: bytes = self._rsa.private_key.sign(signed, padding.PKCS1v15(), SHA256())
            return signature
        r, s = utils.decode_dss_signature(self._ec.private_key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def _rsa_key(self) -> RsaKey:
        jwk = self._rsa.as_dict(private=False)
        return RsaKey(kid=KIDS["RS256"], n=jwk["n"], e=jwk["e"])

    def _ec_key(self) -> EcKey:
        jwk = self._ec.as_dict(private=False)
        return EcKey(kid=KIDS["ES256"], x=jwk["x"], y=jwk["y"])
