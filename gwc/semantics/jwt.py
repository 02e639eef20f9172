"""Phase 5: JWT access tokens. Every check is made, so that a token with several faults shows all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from gwc.controls.jwt import EcKey, Jwt, RsaKey
from gwc.semantics.base64url import decode
from gwc.semantics.http1 import Request
from gwc.semantics.signature import is_signed

_SUBJECT = re.compile(r"(?!-\Z)[!-~]{1,255}\Z")
_BEARER = "Bearer "
_LAST_DATE = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A compact JWS whose three parts are canonical base64url and whose header and payload are JSON objects."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def is_presented(request: Request) -> bool:
    """Whether there is an Authorization field, whatever is in it."""
    return bool(request.values("authorization"))


def read(request: Request) -> Token | None:
    """The bearer token, None when Authorization is not exactly `Bearer <JWS compact>`."""
    value = next(iter(request.values("authorization")), "")
    parts = value.removeprefix(_BEARER).split(".")
    if not value.startswith(_BEARER) or len(parts) != 3 or not all(parts):
        return None
    header, payload, signature = (decode(p) for p in parts)
    objects = (_json_object(header), _json_object(payload))
    if signature is None or objects[0] is None or objects[1] is None:
        return None
    return Token(objects[0], objects[1], f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def find_faults(control: Jwt, token: Token | None, now_s: float) -> Iterator[str]:
    """The reasons to refuse the token, in the order of the checks."""
    if token is None:
        yield "authn.malformed"
        return
    if not _has_registered_types(token.payload):
        yield "authn.malformed"
    if "crit" in token.header:
        yield "authn.critical"
    yield from _key_faults(control, token)
    yield from _time_faults(control, token.payload, now_s)
    yield from _claim_faults(control, token.payload)


def scopes_of(control: Jwt, token: Token) -> frozenset[str]:
    """What the token grants; nothing when the claim has another form."""
    claim = token.payload.get(control.scopes_claim)
    if isinstance(claim, str):
        return frozenset(claim.split(" "))
    is_list = isinstance(claim, list) and all(isinstance(x, str) for x in claim)
    return frozenset(claim) if is_list and claim else frozenset()


def _key_faults(control: Jwt, token: Token) -> Iterator[str]:
    kid = token.header.get("kid")
    key = next((k for k in control.keys if isinstance(kid, str) and k.kid == kid), None)
    if key is None:
        yield "authn.unknownKey"
    elif token.header.get("alg") != _algorithm(key):
        yield "authn.algorithm"
    elif not is_signed(key, token.signed, token.signature):
        yield "authn.signature"


def _algorithm(key: RsaKey | EcKey) -> str:
    return "RS256" if isinstance(key, RsaKey) else "ES256"


def _time_faults(control: Jwt, payload: dict[str, Any], now_s: float) -> Iterator[str]:
    exp, nbf = payload.get("exp"), payload.get("nbf", 0)
    if "exp" not in payload or (_is_date(exp) and now_s >= exp + control.clock_skew_s):
        yield "authn.expired"
    if _is_date(nbf) and now_s < nbf - control.clock_skew_s:
        yield "authn.notBefore"


def _claim_faults(control: Jwt, payload: dict[str, Any]) -> Iterator[str]:
    aud, sub = payload.get("aud"), payload.get("sub")
    audiences = aud if isinstance(aud, list) else [aud]
    if payload.get("iss") != control.issuer and isinstance(payload.get("iss", ""), str):
        yield "authn.issuer"
    if all(isinstance(a, str | None) for a in audiences) and not any(a in control.audiences for a in audiences):
        yield "authn.audience"
    if isinstance(payload.get("sub", ""), str) and not _SUBJECT.match(sub or ""):
        yield "authn.subject"


def _has_registered_types(payload: dict[str, Any]) -> bool:
    """Whether each registered claim that is there has the type of RFC 7519, section 4.1."""
    dates = all(_is_date(payload[name]) for name in ("exp", "nbf", "iat") if name in payload)
    texts = all(isinstance(payload[name], str) for name in ("iss", "sub", "jti") if name in payload)
    aud = payload.get("aud", "")
    return dates and texts and (isinstance(aud, str) or (isinstance(aud, list) and all(isinstance(a, str) for a in aud)))


def _is_date(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LAST_DATE


def _json_object(data: bytes | None) -> dict[str, Any] | None:
    """A JSON object (RFC 8259) in UTF-8 in which no member is there twice, at any depth."""
    try:
        value = json.loads(data.decode("utf-8") if data else "", object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(members)
    if len(unique) != len(members):
        raise ValueError("a member is there twice")
    return unique


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
