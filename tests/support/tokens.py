"""Tokens as the request files of the cases describe them."""

from __future__ import annotations

import functools
import time
from dataclasses import replace
from typing import Any

from gwc.controls.jwt import Jwt
from gwc.local.identity_provider import IdentityProvider, TokenRequest
from gwc.local.token_endpoint import wanted_by
from gwc.local.token_faults import broken_token

_FIELDS = {
    "sub": "subject",
    "scope": "scope",
    "aud": "audience",
    "iss": "issuer",
    "lifetime": "lifetime_s",
    "alg": "algorithm",
    "typ": "typ",
}


@functools.cache
def identity_provider() -> IdentityProvider:
    """One for the whole test process: RSA keys take a moment to make."""
    return IdentityProvider()


def token_for(control: Jwt, described: dict[str, Any]) -> str:
    """A token for `control`: members of `_FIELDS`, `claims` (further ones), `header` (further members) and `fault` (a name of `gwc.local.token_faults`)."""
    described = dict(described)
    fault, claims, header = described.pop("fault", None), described.pop("claims", {}), described.pop("header", {})
    wanted = replace(wanted_by(control, int(time.time())), **{_FIELDS[k]: v for k, v in described.items()})
    if fault:
        return broken_token(identity_provider(), wanted, fault)
    return _signed(wanted, claims, header)


def _signed(wanted: TokenRequest, claims: dict[str, Any], header: dict[str, Any]) -> str:
    """`now+N` as a claim's value is a time N seconds from now."""
    times = {k: wanted.now_s + int(v[3:]) if isinstance(v, str) and v.startswith("now") else v for k, v in claims.items()}
    return identity_provider().sign({**wanted.header, **header}, replace(wanted, claims=times).payload, wanted.algorithm)
