"""Issues access tokens with keys of its own, good ones and, for tests, broken ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, get_args

from gwc.controls.jwk import HMAC_ALGORITHMS, Algorithm, PublicKey, as_jwk
from gwc.controls.jwt import Jwt
from gwc.local import signing
from gwc.semantics.base64url import encode
from gwc.semantics.key_set import HmacKey, VerificationKey

KIDS: Mapping[Algorithm, str] = MappingProxyType({a: f"local-{a.lower()}" for a in get_args(Algorithm)})
"""The key ids of a provider's first generation of keys: one key for each algorithm (RFC 8725, section 3.1)."""


def part(value: object) -> str:
    """A header or payload as it stands in a token."""
    return encode(json.dumps(value, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a token is to say. `audience` may be a text or a list; `lifetime_s` counts from `now_s` and may be negative.

    `claims` are further ones, which replace those of the same name. `typ` None leaves the member out. `generation`: of the provider's keys.
    """

    issuer: str
    audience: str | list[str]
    now_s: int
    subject: str = "alice"
    scopes_claim: tuple[str, ...] = ("scope",)
    scope: object = ""
    lifetime_s: int = 3600
    algorithm: Algorithm = "ES256"
    claims: Mapping[str, object] = field(default_factory=dict)
    typ: str | None = "at+jwt"
    generation: int = 0

    @property
    def payload(self) -> dict[str, Any]:
        """The claims."""
        registered = {"iss": self.issuer, "aud": self.audience, "sub": self.subject}
        times = {"iat": self.now_s, "exp": self.now_s + self.lifetime_s}
        return _merged({**registered, **times, **_nested(self.scopes_claim, self.scope)}, self.claims)

    @property
    def header(self) -> dict[str, Any]:
        """The JOSE header."""
        typ = {} if self.typ is None else {"typ": self.typ}
        return {"alg": self.algorithm, "kid": kid(self.algorithm, self.generation), **typ}


def kid(algorithm: Algorithm, generation: int = 0) -> str:
    """The key id: that of `KIDS`, with the number of a later generation at its end."""
    return KIDS[algorithm] + (f"-{generation}" if generation else "")


class IdentityProvider:
    """One key for each algorithm, made when first needed, for as long as the object lives; from any thread.

    Providers of one generation have the same key ids, but never the same keys.
    """

    def __init__(self, generation: int = 0) -> None:
        self.generation = generation
        self._keys: dict[Algorithm, Any] = {}
        self._lock = threading.Lock()

    def rotated(self) -> IdentityProvider:
        """The same provider with new keys and key ids."""
        return IdentityProvider(self.generation + 1)

    def private_key(self, algorithm: Algorithm) -> Any:
        """What signs: a private key of `cryptography`, or the bytes of a shared secret."""
        with self._lock:
            if algorithm not in self._keys:
                self._keys[algorithm] = signing.new_key(algorithm)
            return self._keys[algorithm]

    def public_key(self, algorithm: Algorithm) -> PublicKey:
        """Raises ValueError for symmetric algorithms."""
        return signing.public_key(self.private_key(algorithm), kid(algorithm, self.generation), algorithm)

    def jwks(self, algorithms: Sequence[Algorithm] = ("ES256", "RS256")) -> dict[str, list[dict[str, str]]]:
        """The public keys of the algorithms as a JWK set (RFC 7517), sorted by kid; symmetric keys are never in it."""
        return {"keys": [as_jwk(key) for key in self._public_keys(algorithms)]}

    def jwks_for(self, control: Jwt) -> dict[str, list[dict[str, str]]]:
        """The public keys of the algorithms that `control` takes, as a JWK set."""
        return self.jwks(control.algorithms)

    def secret_jwks_for(self, control: Jwt) -> dict[str, list[dict[str, str]]]:
        """The shared secrets of the algorithms that `control` takes, as a JWK set (RFC 7518, section 6.4)."""
        shared = self._hmac_keys(control.algorithms)
        return {"keys": [{"kty": "oct", "kid": k.kid, "use": "sig", "alg": k.algorithm, "k": encode(k.secret)} for k in shared]}

    def keys_for(self, control: Jwt) -> tuple[PublicKey, ...]:
        """The public keys of the algorithms that `control` takes, by kid."""
        return self._public_keys(control.algorithms)

    def verification_keys(self, control: Jwt) -> tuple[VerificationKey, ...]:
        """All keys of the algorithms that `control` takes, public ones and shared secrets."""
        return (*self._public_keys(control.algorithms), *self._hmac_keys(control.algorithms))

    def token(self, wanted: TokenRequest) -> str:
        """A signed compact JWS. Raises ValueError when it asks for keys of another generation."""
        if wanted.generation != self.generation:
            raise ValueError(f"the keys are of generation {self.generation}, not {wanted.generation}")
        return self.sign(wanted.header, wanted.payload, wanted.algorithm)

    def sign(self, header: object, payload: object, algorithm: Algorithm) -> str:
        """A compact JWS over any header and payload."""
        return self.sign_parts(part(header), part(payload), algorithm)

    def sign_parts(self, header: str, payload: str, algorithm: Algorithm) -> str:
        """A compact JWS over parts that are encoded already, well or badly."""
        signed = f"{header}.{payload}"
        return f"{signed}.{encode(self.signature(signed.encode('ascii'), algorithm))}"

    def signature(self, signed: bytes, algorithm: Algorithm) -> bytes:
        """In the form of RFC 7518, section 3, and RFC 8037, section 3.1."""
        return signing.sign(self.private_key(algorithm), algorithm, signed)

    def _public_keys(self, algorithms: Sequence[Algorithm]) -> tuple[PublicKey, ...]:
        keys = (self.public_key(a) for a in algorithms if a not in HMAC_ALGORITHMS)
        return tuple(sorted(keys, key=lambda k: k.kid))

    def _hmac_keys(self, algorithms: Sequence[Algorithm]) -> tuple[HmacKey, ...]:
        chosen = (a for a in HMAC_ALGORITHMS if a in algorithms)
        return tuple(HmacKey(kid=kid(a, self.generation), algorithm=a, secret=self.private_key(a)) for a in chosen)


def _nested(path: Sequence[str], value: object) -> dict[str, object]:
    """The value under the names of the path, one object inside the other."""
    name, *rest = path
    return {name: _nested(rest, value) if rest else value}


def _merged(base: dict[str, Any], changed: Mapping[str, object]) -> dict[str, Any]:
    """Both; objects that are in both are merged, other values of `changed` replace those of `base`."""
    both = {k: _merged(base[k], v) for k, v in changed.items() if isinstance(v, Mapping) and isinstance(base.get(k), dict)}
    return {**base, **changed, **both}
