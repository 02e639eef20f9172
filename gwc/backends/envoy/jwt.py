"""JWT: the Lua filter `gwc.credentials` checks form and claims with the shared core, `jwt_authn` verifies the signature (and all it can).

`jwt_authn` alone is not the control: it takes padded and non-canonical base64url, JSON that is none (trailing commas, single
quotes), `crit`, no `kid`, an audience that differs in scheme or final slash, and reads a clock skew of 0 as 60 s. What of this
native filters can see is refused by `gwc.claims` once more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import chain
from gwc.backends.envoy.document import HTTP_FILTER, PRESENT, Json, all_of, extension, metadata, none_of, rules, typed
from gwc.controls.forwarding import SUBJECT
from gwc.controls.jwt import EcKey, Jwt, RsaKey

_SCHEME = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REGISTERED = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_SUBJECT = "[!-~]{1,255}"


def emit(jwts: Sequence[Jwt], requirements: Iterable[tuple[str, ...]]) -> list[Json]:
    """The filter, off unless a route names a requirement, and the filter for what it does not check. `requirements`: sets of schemes."""
    providers = {control.scheme: _provider(control) for control in jwts}
    named = {requirement_name(schemes): _requirement(schemes) for schemes in sorted(set(requirements))}
    verify = extension(
        chain.TOKENS,
        HTTP_FILTER + "jwt_authn.v3.JwtAuthentication",
        providers=providers,
        requirement_map=named,
        strip_failure_response=True,  # else WWW-Authenticate repeats the URL with its query
    )
    return [{**verify, "disabled": True}, _claims(jwts)]


def per_route(schemes: Sequence[str]) -> Json:
    """The configuration of a route that takes tokens of these schemes."""
    return typed(HTTP_FILTER + "jwt_authn.v3.PerRouteConfig", requirement_name=requirement_name(tuple(schemes)))


def requirement_name(schemes: tuple[str, ...]) -> str:
    """A token, if there is one, must be valid for one of the schemes."""
    return " or ".join(schemes)


def lua_data(control: Jwt) -> Json:
    """What the shared core needs to know; the keys by kid with their algorithm."""
    return {
        "issuer": control.issuer,
        "audiences": dict.fromkeys(control.audiences, True),
        "algorithms": dict.fromkeys(control.algorithms, True),
        "clock_skew_s": control.clock_skew_s,
        "scopes_claim": control.scopes_claim,
        "keys": [{"kid": key.kid, "algorithm": _algorithm(key)} for key in control.keys],
    }


def check(control: Jwt) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    if not _SCHEME.fullmatch(control.scheme):
        why = "Envoy's log formats can't name such a scheme"
        yield Unenforceable(control.span, control.STEM, "scheme", why, "use letters, digits, . _ -")
    if control.scopes_claim in _REGISTERED:
        yield Unenforceable(control.span, control.STEM, "scopes_claim", f"Envoy reads {control.scopes_claim!r} in its own way")


def _provider(control: Jwt) -> Json:
    jwks = {"keys": [_jwk(key) for key in control.keys]}
    return {
        "issuer": control.issuer,
        "audiences": list(control.audiences),
        "require_expiration": True,
        "clock_skew_seconds": max(1, control.clock_skew_s),  # 0 would mean 60; the Lua filter is exact
        "local_jwks": {"inline_string": json.dumps(jwks, separators=(",", ":"))},
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "forward": False,
        "payload_in_metadata": chain.payload_key(control.scheme),
        "header_in_metadata": chain.header_key(control.scheme),
        "failed_status_in_metadata": "failed",
        "normalize_payload_in_metadata": {"space_delimited_claims": [control.scopes_claim]},
        "claim_to_headers": [{"header_name": SUBJECT, "claim_name": "sub"}],
    }


def _requirement(schemes: Sequence[str]) -> Json:
    """`allow_missing` opens nothing: the authorisation of each route demands the claims of a verified token."""
    return {"requires_any": {"requirements": [*({"provider_name": s} for s in schemes), {"allow_missing": {}}]}}


def _jwk(key: RsaKey | EcKey) -> Json:
    """With `alg`: a key without one would take RS512 and PS256, too."""
    common = {"kid": key.kid, "use": "sig", "alg": _algorithm(key)}
    if isinstance(key, RsaKey):
        return {"kty": "RSA", **common, "n": key.n, "e": key.e}
    return {"kty": "EC", "crv": "P-256", **common, "x": key.x, "y": key.y}


def _algorithm(key: RsaKey | EcKey) -> str:
    return "RS256" if isinstance(key, RsaKey) else "ES256"


def _claims(jwts: Sequence[Jwt]) -> Json:
    """Denies verified tokens that `jwt_authn` lets pass; the name of the policy is the reason."""
    refused: dict[str, list[Json]] = {}
    for control in jwts:
        for reason, principal in _refused(control):
            refused.setdefault(reason, []).append(principal)
    policies = rules("DENY", {reason: refused[reason] for reason in sorted(refused)})
    return extension(chain.CLAIMS, HTTP_FILTER + "rbac.v3.RBAC", **({"rules": policies} if refused else {}))


def _refused(control: Jwt) -> list[tuple[str, Json]]:
    """Principals: each holds when a token of the scheme was verified and has the fault. Negations need something positive beside them."""
    verified = metadata(chain.TOKEN_METADATA, [chain.payload_key(control.scheme), "iss"], PRESENT)

    def lacks(key: str, member: str, *values: Json) -> Json:
        found = [metadata(chain.TOKEN_METADATA, [key, member], value) for value in values]
        return all_of([verified, *(none_of(f) for f in found)])

    head, payload = chain.header_key(control.scheme), chain.payload_key(control.scheme)
    audiences = [{"string_match": {"exact": a}} for a in control.audiences]
    algorithms = [{"string_match": {"exact": a}} for a in control.algorithms]
    return [
        ("authn.critical", metadata(chain.TOKEN_METADATA, [head, "crit"], PRESENT)),
        ("authn.unknownKey", lacks(head, "kid", PRESENT)),
        ("authn.algorithm", lacks(head, "alg", *algorithms)),
        ("authn.audience", lacks(payload, "aud", *audiences, *({"list_match": {"one_of": a}} for a in audiences))),
        ("authn.subject", lacks(payload, "sub", {"string_match": {"safe_regex": {"regex": _SUBJECT}}})),
    ]
