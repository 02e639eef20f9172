"""Phase 5: JWT access tokens (RFC 7519, 7515, 7517, 8725, 9068) from the Authorization header.

The order of the checks is the order of the reasons below; a token with one fault gets exactly that reason:

1. `authn.malformed`: not `Bearer <JWS compact>`, or a header that is no JSON object;
2. `authn.critical`: `crit` in the header; 3. `authn.type`: not the `typ` that the policy asks for;
4. `authn.unknownKey`: no `kid`, or none of the set; 503 `internal.unavailable` when the keys can't be had;
5. `authn.algorithm`: not the algorithm of the key; 6. `authn.signature`;
7. `authn.claims`: a payload that is no JSON object, or a registered claim of another type than RFC 7519 section 4.1 gives it;
8. `authn.expired`, `authn.notBefore`, `authn.issuedAt`, `authn.lifetime`; `authn.issuer`, `authn.audience`, `authn.subject`.

Nothing of a payload is looked at before its signature was verified, where the target can verify it at that point.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gwc.controls.base import FileRef, Node, Place
from gwc.controls.jwk import HMAC_ALGORITHMS, Algorithm, EcKey, OkpKey, PublicKey, RsaKey
from gwc.controls.spec import HOST_NAME, Duration, FileReference, Located, Spec, VisibleText, file_ref, whole_seconds
from gwc.diagnostics import Findings

MAX_CLOCK_SKEW_S = 300
MAX_LIFETIME_S = 366 * 86_400
SYSTEM_CA = "file:/etc/ssl/certs/ca-certificates.crt"
"""The bundle of Debian, Alpine and most container images."""
REFRESH_S = 5
"""An unknown `kid`, or a set that could not be fetched, leads to another fetch after this many seconds at the earliest."""
FETCH_TIMEOUT_S = 3
MAX_SET_BYTES = 256 * 1024
"""A larger answer of an identity provider is no key set."""

Forward = Literal["never", "token", "claims"]
_URI = re.compile(r"https://[A-Za-z0-9.:-]+/[A-Za-z0-9._~!$&'()*+,;=:@/-]*", re.ASCII)
_CLAIM_NAME = re.compile(r"[\x20-\x7e]{1,100}", re.ASCII)


def _uri(text: str) -> str:
    found = urlsplit(text) if _URI.fullmatch(text) else None
    try:
        known = found is not None and HOST_NAME.fullmatch(found.hostname or "") and (found.port is None or 1 <= found.port <= 65535)
    except ValueError:
        known = False
    if not known:
        raise ValueError("the address of a key set is https://<DNS name>[:port]/<path> without user, query and fragment")
    return text


def _claim_path(value: str | list[str]) -> str | list[str]:
    if isinstance(value, str) and "." in value and ("/" in value or ":" in value):
        raise ValueError(f"dots separate the members of nested claims; write a name that has dots as a list: [{value!r}]")
    parts = claim_path(value)
    if not 1 <= len(parts) <= 8 or not all(_CLAIM_NAME.fullmatch(p) for p in parts):
        raise ValueError("a claim is 1 to 8 names of printable ASCII, separated by dots or in a list: realm_access.roles")
    return value


JwksUri = Annotated[str, AfterValidator(_uri)]
ClaimPath = Annotated[str | list[str], AfterValidator(_claim_path)]


class JwksSpec(Spec):
    """`jwks`: where the public keys are: `file`, a JSON Web Key Set beside the policy, or `uri`, an identity provider.

    A set that was fetched is used for `cacheFor`; when it can't be fetched anew, for `maxStale` longer, then requests with
    tokens get 503. `ca`: the certificates that the identity provider's is verified with.
    """

    file: Annotated[str, StringConstraints(min_length=1)] | None = None
    uri: JwksUri | None = None
    cache_for: Duration | None = None
    max_stale: Duration | None = None
    ca: FileReference | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.uri is None):
            raise ValueError("jwks needs either `file` or `uri`")
        if self.file is not None and (self.cache_for or self.max_stale or self.ca):
            raise ValueError("cacheFor, maxStale and ca belong to `uri`: keys of a file are part of the output")
        return self


class ClaimsSpec(Spec):
    """`claims`: where in the payload things are: `scopes`, `roles`, and names of the policy's own for rules (`jwt.<name>`)."""

    model_config: ClassVar[Any] = {"extra": "allow", "strict": True, "frozen": True}
    __pydantic_extra__: dict[str, ClaimPath] = Field(init=False)

    scopes: ClaimPath = "scope"
    roles: ClaimPath | None = None

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name in self.named:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", name):
                raise ValueError(f"{name!r} is no name for a claim: letters, digits, _ and -")
        return self

    @property
    def named(self) -> Mapping[str, str | list[str]]:
        """The policy's own names."""
        return dict(self.__pydantic_extra__)


class JwtSpec(Spec):
    """`authentication.<scheme>` with `type: jwt`, for OpenAPI's oauth2, openIdConnect and http bearer.

    `jwks` for signatures with public keys, or `secret` for HS256, HS384 and HS512: a file on the gateway's machine with a JSON
    Web Key Set of symmetric keys. Never both: a key of one kind must not be taken for one of the other (RFC 8725 2.1).
    """

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    type: Literal["jwt"]
    issuer: VisibleText
    audiences: Annotated[list[VisibleText], Field(min_length=1, max_length=20)]
    jwks: JwksSpec | None = None
    secret: FileReference | None = None
    algorithms: Annotated[list[Algorithm], Field(min_length=1)]
    clock_skew: Duration = "30s"
    max_lifetime: Duration | None = None
    typ: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+/-]{0,80}$")] | None = None
    claims: ClaimsSpec = ClaimsSpec()
    forward: Forward = "never"

    @model_validator(mode="after")
    def _one_kind_of_keys(self) -> Self:
        if (self.jwks is None) == (self.secret is None):
            raise ValueError("a token needs either `jwks` (public keys) or `secret` (HS256, HS384, HS512)")
        symmetric = [a for a in self.algorithms if a in HMAC_ALGORITHMS]
        if symmetric and self.jwks is not None:
            raise ValueError(f"{symmetric[0]} needs `secret`, a shared one, and never stands beside algorithms with public keys")
        if self.secret is not None and len(symmetric) < len(self.algorithms):
            raise ValueError("`secret` is for HS256, HS384 and HS512 only: algorithms with public keys need `jwks`")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKeys:
    """Keys that are part of the output, by kid; each of an algorithm of the control."""

    keys: tuple[PublicKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKeys:
    """A key set that the gateway fetches from `https://{host}:{port}{path}`, whose certificate is verified for `host` with `ca`.

    Age counts from the fetch. Up to `cache_for_s` the set is used as it is. After that, and for a `kid` that it does not have, the
    gateway asks anew before it decides, at most once in `REFRESH_S`; an answer that is no usable set (`gwc.controls.jwks`)
    within `FETCH_TIMEOUT_S` and `MAX_SET_BYTES` changes nothing. A set older than `cache_for_s + max_stale_s`, or none: 503
    `internal.unavailable` for requests with a token that names a key. A restart forgets the set.
    """

    host: str
    port: int
    path: str
    ca: FileRef
    cache_for_s: int
    max_stale_s: int

    @property
    def authority(self) -> str:
        """Host of the fetching request."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKeys:
    """A JSON Web Key Set with symmetric keys (RFC 7518 6.4) in a file on the gateway's machine, which gwc never reads.

    Each key has `kid`, `alg` (of the control's algorithms) and at least as many bits as the hash (RFC 7518 3.2); others are not
    used. A set with a key of another kind, with two keys of one `kid` or without a usable key is none. Without a set the gateway does not start, or
    answers 503 `internal.unavailable` to requests with a token that names a key.
    """

    file: FileRef


KeySource = FileKeys | RemoteKeys | SecretKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt(Node):
    """The token must be `Authorization: Bearer <JWS compact>`, the scheme in exactly this spelling, base64url without padding and canonical.

    `kid` is required and names exactly one key; the key decides the algorithm, which is one of `algorithms`. `typ`, when the policy has
    one, is compared without regard to case and to a leading `application/` (RFC 7515 4.1.9). `exp` is required and
    `now < exp + clock_skew_s`; `nbf` and `iat`, when present, `now >= value - clock_skew_s`; with `max_lifetime_s`, `iat` is required and
    `exp - iat <= max_lifetime_s`. `iss` equals `issuer`; `aud`, a text or a list, has one of `audiences`; `sub` is 1 to 255 visible ASCII
    characters, and not `-`, which stands for nobody in the log.

    Claims are found by path: own members of nested objects, never elements of lists. `scopes_claim`: a text separated by
    single spaces, or a list of texts; in any other form it grants nothing. `roles_claim` likewise; empty: tokens have no roles.

    Header and payload are strict JSON objects (RFC 8259): UTF-8, no duplicate members, no lone surrogates, numbers that a double holds as finite
    ones, objects and lists at most 30 levels deep. Registered claims have the types of RFC 7519
    section 4.1: `exp`, `nbf` and `iat` numbers from 0 to 2^53 - 1, `iss`, `sub` and `jti` texts, `aud` a text or a list of texts.

    `forward`: what of a verified token the upstream gets beside X-Gwc-Subject: nothing, the token in Authorization, or its payload as it
    stands in the token (base64url) in X-Gwc-Claims.
    """

    STEM: ClassVar[str] = "jwt"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "jwts"

    scheme: str  # name of the OpenAPI security scheme
    issuer: str
    audiences: tuple[str, ...]  # sorted
    algorithms: tuple[Algorithm, ...]  # sorted
    source: KeySource
    clock_skew_s: int
    max_lifetime_s: int | None  # None: tokens may live as long as they like
    typ: str | None  # lower case, without application/; None: not looked at
    scopes_claim: tuple[str, ...]
    roles_claim: tuple[str, ...]
    claims: tuple[tuple[str, tuple[str, ...]], ...]  # name of the policy -> path, by name
    forward: Forward


def claim_path(value: str | list[str]) -> tuple[str, ...]:
    """The names of a `ClaimPath`."""
    return tuple(value.split(".")) if isinstance(value, str) else tuple(value)


def lower(scheme: str, spec: JwtSpec, keys: tuple[PublicKey, ...], place: Located, findings: Findings) -> Jwt:
    """The verified form of the binding; `keys` as `jwks.public_keys` returns them, empty where the source is no file."""
    for name, values in (("audiences", spec.audiences), ("algorithms", spec.algorithms)):
        if len(set(values)) != len(values):
            findings.error("GWC022", f"{name} has the same value twice", place.at(name).span())
    return Jwt(
        at=place.key_span,
        scheme=scheme,
        issuer=spec.issuer,
        audiences=tuple(sorted(spec.audiences)),
        algorithms=tuple(sorted(spec.algorithms)),
        source=_source(spec, keys, place, findings),
        clock_skew_s=whole_seconds(spec.clock_skew, place.at("clockSkew"), findings, 0, MAX_CLOCK_SKEW_S),
        max_lifetime_s=_max_lifetime_s(spec, place, findings),
        typ=spec.typ.lower().removeprefix("application/") if spec.typ else None,
        scopes_claim=claim_path(spec.claims.scopes),
        roles_claim=claim_path(spec.claims.roles) if spec.claims.roles is not None else (),
        claims=tuple(sorted((name, claim_path(value)) for name, value in spec.claims.named.items())),
        forward=spec.forward,
    )


def _max_lifetime_s(spec: JwtSpec, place: Located, findings: Findings) -> int | None:
    return whole_seconds(spec.max_lifetime, place.at("maxLifetime"), findings, 1, MAX_LIFETIME_S) if spec.max_lifetime else None


def _source(spec: JwtSpec, keys: tuple[PublicKey, ...], place: Located, findings: Findings) -> KeySource:
    if spec.secret is not None:
        return SecretKeys(file=file_ref(spec.secret))
    if spec.jwks is None or spec.jwks.uri is None:
        return FileKeys(keys=keys)
    where, jwks = urlsplit(spec.jwks.uri), place.at("jwks")
    return RemoteKeys(
        host=where.hostname or "",
        port=where.port or 443,
        path=where.path,
        ca=file_ref(spec.jwks.ca or SYSTEM_CA),
        cache_for_s=whole_seconds(spec.jwks.cache_for or "10m", jwks.at("cacheFor"), findings, 1, 86_400),
        max_stale_s=whole_seconds(spec.jwks.max_stale or "1h", jwks.at("maxStale"), findings, 0, 7 * 86_400),
    )


_EC = EcKey(
    kid="es1",
    algorithm="ES256",
    crv="P-256",
    x="WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis",
    y="y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE",
)
_EC2 = EcKey(
    kid="es2",
    algorithm="ES256",
    crv="P-256",
    x="f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y="x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
)
_OKP = OkpKey(kid="ed1", algorithm="EdDSA", crv="Ed25519", x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
_RSA_N = (
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcE"
    "e6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg"
    "_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
)
_RSA = RsaKey(kid="rs1", algorithm="PS256", n=_RSA_N, e="AQAB")
_REMOTE = {
    "host": "id.example.com",
    "port": 443,
    "path": "/jwks.json",
    "ca": FileRef(path="/etc/ssl/certs/ca.pem"),
    "cache_for_s": 600,
    "max_stale_s": 3600,
}
_BASE = {
    "scheme": "oauth",
    "issuer": "https://id.example.com/",
    "audiences": ("https://orders.example.com",),
    "algorithms": ("ES256",),
    "source": FileKeys(keys=(_EC,)),
    "clock_skew_s": 30,
    "max_lifetime_s": None,
    "typ": None,
    "scopes_claim": ("scope",),
    "roles_claim": (),
    "claims": (),
    "forward": "never",
}


def _example(**changed: object) -> Jwt:
    return Jwt(**{**_BASE, **changed})  # type: ignore[arg-type]


def _remote(**changed: object) -> Jwt:
    return _example(source=RemoteKeys(**{**_REMOTE, **changed}))  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(issuer="https://other.example.com/"),
    _example(audiences=("https://orders.example.com", "other")),
    _example(algorithms=("ES256", "RS256")),
    _example(source=FileKeys(keys=(_EC2,))),
    _example(source=FileKeys(keys=(_EC, _EC2))),
    _example(algorithms=("EdDSA",), source=FileKeys(keys=(_OKP,))),
    _example(algorithms=("PS256",), source=FileKeys(keys=(_RSA,))),
    _example(algorithms=("HS256",), source=SecretKeys(file=FileRef(path="/etc/gw/secret.json"))),
    _remote(),
    _remote(host="login.example.com"),
    _remote(port=8443),
    _remote(path="/keys"),
    _remote(ca=FileRef(path="/etc/ssl/certs/other.pem")),
    _remote(cache_for_s=60),
    _remote(max_stale_s=0),
    _example(clock_skew_s=0),
    _example(max_lifetime_s=3600),
    _example(typ="at+jwt"),
    _example(scopes_claim=("scp",)),
    _example(scopes_claim=("realm_access", "scopes")),
    _example(roles_claim=("roles",)),
    _example(claims=(("tenant", ("org_id",)),)),
    _example(forward="token"),
    _example(forward="claims"),
)
