"""Phase 5: tokens are verified by the plugin with keys that are loaded once, at start.

The bundled jwt plugin checks neither issuer nor audience, ignores `crit`, takes padded base64url and knows no JWKS.
"""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.kong.fragment import Fragment, Member
from gwc.backends.kong.lua_quoting import LuaValue
from gwc.controls.jwt import EcKey, Jwt, RsaKey
from gwc.ir import Gateway


def emit(gateway: Gateway) -> Fragment:
    """What each scheme accepts."""
    schemes = {j.scheme: _scheme(j) for j in gateway.jwts}
    return Fragment(data=(Member("jwts", schemes, {s: s for s in schemes}),))


def _scheme(control: Jwt) -> Mapping[str, LuaValue]:
    return {
        "issuer": control.issuer,
        "audiences": dict.fromkeys(control.audiences, True),
        "algorithms": dict.fromkeys(control.algorithms, True),
        "clock_skew_s": control.clock_skew_s,
        "scopes_claim": control.scopes_claim,
        "keys": [_key(k) for k in control.keys],
    }


def _key(key: RsaKey | EcKey) -> Mapping[str, LuaValue]:
    if isinstance(key, RsaKey):
        return {"kid": key.kid, "algorithm": "RS256", "n": key.n, "e": key.e}
    return {"kid": key.kid, "algorithm": "ES256", "x": key.x, "y": key.y}
