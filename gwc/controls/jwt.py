"""Phase 5: JWT access tokens (RFC 7519, RFC 8725) from the Authorization header, with keys fixed at compile time.

The order of the checks is the order of the reasons below; a token with one fault gets exactly that reason:
form and types (`authn.malformed`), `crit` (`authn.critical`), `kid` (`authn.unknownKey`), `alg` of the key (`authn.algorithm`),
signature, `exp`, `nbf`, `iss`, `aud`, `sub`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from gwc.controls.base import Node, Place
from gwc.controls.spec import Duration, Located, Spec, VisibleText, whole_seconds
from gwc.diagnostics import Findings

Algorithm = Literal["RS256", "ES256"]
MAX_CLOCK_SKEW_S = 300


class JwksSpec(Spec):
    """`jwks`: where the keys are. `file` is a JSON Web Key Set beside the policy, with public keys only."""

    LATER: ClassVar[tuple[str, ...]] = ("uri", "cacheFor", "maxStale")

    file: Annotated[str, StringConstraints(min_length=1)]


class ClaimsSpec(Spec):
    """`claims`: names of top-level claims."""

    LATER: ClassVar[tuple[str, ...]] = ("roles", "tenant", "subject")

    scopes: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/.-]{1,100}$")] = "scope"


class JwtSpec(Spec):
    """`authentication.<scheme>` with `type: jwt`, for OpenAPI's oauth2, openIdConnect and http bearer."""

    LATER: ClassVar[tuple[str, ...]] = ("maxLifetime", "typ", "forward", "secret", "mode")

    type: Literal["jwt"]
    issuer: VisibleText
    audiences: Annotated[list[VisibleText], Field(min_length=1, max_length=20)]
    jwks: JwksSpec
    algorithms: Annotated[list[Algorithm], Field(min_length=1)]
    clock_skew: Duration = "30s"
    claims: ClaimsSpec = ClaimsSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class RsaKey:
    """An RSA public key: at least 2048 bits, exponent at least 65537. `n` and `e`: base64url as in RFC 7518 6.3.1."""

    kid: str
    n: str
    e: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EcKey:
    """A public key on P-256. `x` and `y`: base64url of 32 bytes each (RFC 7518 6.2.1); the point is on the curve."""

    kid: str
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt(Node):
    """The token must be `Authorization: Bearer <JWS compact>`, the scheme in exactly this spelling, base64url without padding and canonical.

    `kid` is required and names exactly one key; the key decides the algorithm (RSA: RS256, P-256: ES256). `exp` is required
    and `now < exp + clock_skew_s`; `nbf`, when present, `now >= nbf - clock_skew_s`; `iss` equals `issuer`; `aud`, a text or
    a list, has one of `audiences`; `sub` is 1 to 255 visible ASCII characters, and not `-`, which stands for nobody in the log. `scopes_claim` names a top-level claim: a text
    separated by single spaces, or a list of texts. The token is not forwarded.

    Header and payload are strict JSON objects (RFC 8259, no duplicate members). Registered claims have the types of RFC 7519
    section 4.1, or the token is malformed: `exp`, `nbf` and `iat` numbers from 0 to 2^53 - 1, `iss`, `sub` and `jti` texts,
    `aud` a text or a list of texts. (Envoy's jwt_authn refuses all else and can't be told otherwise.)
    """

    STEM: ClassVar[str] = "jwt"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "jwts"

    scheme: str  # name of the OpenAPI security scheme
    issuer: str
    audiences: tuple[str, ...]  # sorted
    algorithms: tuple[Algorithm, ...]  # sorted
    keys: tuple[RsaKey | EcKey, ...]  # by kid; all of an algorithm in `algorithms`
    clock_skew_s: int
    scopes_claim: str


def lower(scheme: str, spec: JwtSpec, keys: tuple[RsaKey | EcKey, ...], place: Located, findings: Findings) -> Jwt:
    """The verified form of the binding; `keys` as `jwks.public_keys` returns them."""
    for name, values in (("audiences", spec.audiences), ("algorithms", spec.algorithms)):
        if len(set(values)) != len(values):
            findings.error("GWC022", f"{name} has the same value twice", place.at(name).span())
    skew_s = whole_seconds(spec.clock_skew, place.at("clockSkew"), findings, 0, MAX_CLOCK_SKEW_S)
    return Jwt(
        at=place.key_span,
        scheme=scheme,
        issuer=spec.issuer,
        audiences=tuple(sorted(spec.audiences)),
        algorithms=tuple(sorted(spec.algorithms)),
        keys=keys,
        clock_skew_s=skew_s,
        scopes_claim=spec.claims.scopes,
    )


_EC = EcKey(kid="es1", x="WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis", y="y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE")
_EC2 = EcKey(kid="es2", x="f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y="x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
_BASE = {
    "scheme": "oauth",
    "issuer": "https://id.example.com/",
    "audiences": ("https://orders.example.com",),
    "algorithms": ("ES256",),
    "keys": (_EC,),
    "clock_skew_s": 30,
    "scopes_claim": "scope",
}


def _example(**changed: object) -> Jwt:
    return Jwt(**{**_BASE, **changed})  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(issuer="https://other.example.com/"),
    _example(audiences=("https://orders.example.com", "other")),
    _example(algorithms=("ES256", "RS256")),
    _example(keys=(_EC2,)),
    _example(keys=(_EC, _EC2)),
    _example(clock_skew_s=0),
    _example(scopes_claim="scp"),
)
