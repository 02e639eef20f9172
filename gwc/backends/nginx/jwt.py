"""Phase 5 on NGINX: issuers and keys as `switch` tables of the script; runtime/js/jwt.js checks."""

from __future__ import annotations

import base64

from gwc.backends.nginx.fragments import POLICY, Anchor, Fragments
from gwc.backends.nginx.plan import Plan
from gwc.backends.nginx.quoting import javascript
from gwc.backends.nginx.subject_public_key import encode_spki
from gwc.controls.jwt import EcKey, Jwt, RsaKey
from gwc.templating import Verbatim


def emit(plan: Plan) -> Fragments:
    """What tokens of a scheme must say, and its keys by `kid`: the key, not the token, has the algorithm."""
    jwts = plan.gateway.jwts
    script = (
        Verbatim("function issuer(scheme) { switch (scheme) {"),
        *(_issuer(control) for control in jwts),
        Verbatim("} return null; }"),
        Verbatim("function key(scheme, kid) { switch (scheme) {"),
        *(line for control in jwts for line in _keys(control)),
        Verbatim("} return null; }"),
    )
    return Fragments(script=script, anchors=tuple(Anchor(j.scheme, POLICY, _issuer(j)) for j in jwts))


def _issuer(control: Jwt) -> Verbatim:
    claims = {
        "issuer": control.issuer,
        "audiences": control.audiences,
        "algorithms": control.algorithms,
        "skew": control.clock_skew_s,
        "scopesClaim": control.scopes_claim,
    }
    return Verbatim(f"case {javascript(control.scheme)}: return {javascript(claims)};")


def _keys(control: Jwt) -> tuple[Verbatim, ...]:
    allowed = [key for key in control.keys if _algorithm(key) in control.algorithms]
    return (
        Verbatim(f"case {javascript(control.scheme)}: switch (kid) {{"),
        *(Verbatim(f"  case {javascript(key.kid)}: return {javascript(_key(key))};") for key in allowed),
        Verbatim("  } break;"),
    )


def _key(key: RsaKey | EcKey) -> dict[str, str]:
    return {"algorithm": _algorithm(key), "spki": base64.b64encode(encode_spki(key)).decode("ascii")}


def _algorithm(key: RsaKey | EcKey) -> str:
    return "RS256" if isinstance(key, RsaKey) else "ES256"
