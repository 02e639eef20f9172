"""Phase 5: JWT access tokens. Every check is made, so that a token with several faults shows all of them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from gwc.controls.jwt import Jwt
from gwc.semantics.base64url import decode
from gwc.semantics.http1 import Request
from gwc.semantics.key_set import VerificationKey
from gwc.semantics.signature import is_signed

_SUBJECT = re.compile(r"(?!-\Z)[!-~]{1,255}\Z")
_BEARER = "Bearer "
_LAST_DATE = 2**53 - 1
_MAX_DEPTH = 30
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A compact JWS whose three parts are canonical base64url and whose header is a JSON object.

    `payload` is None when it is no JSON object, or registered claims have other types; `payload_text` is the part as it was sent.
    """

    header: dict[str, Any]
    payload: dict[str, Any] | None
    payload_text: str
    signed: bytes
    signature: bytes


def read(request: Request) -> Token | None:
    """The bearer token, None when Authorization is not exactly `Bearer <JWS compact>`."""
    value = next(iter(request.values("authorization")), "")
    parts = value.removeprefix(_BEARER).split(".")
    if not value.startswith(_BEARER) or len(parts) != 3 or not parts[0] or not parts[2]:
        return None
    header, payload, signature = (decode(p) for p in parts)
    head, claims = _json_object(header), _json_object(payload)
    if payload is None or signature is None or head is None:
        return None
    typed = claims if claims is not None and _has_registered_types(claims) else None
    return Token(head, typed, parts[1], f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def find_faults(control: Jwt, token: Token | None, now_s: float, keys: Sequence[VerificationKey] | None) -> Iterator[str]:
    """The reasons to refuse the token, in the order of the checks. `keys`: None when they can't be had."""
    if token is None:
        yield "authn.malformed"
        return
    if "crit" in token.header:
        yield "authn.critical"
    if control.typ is not None and _type(token) != control.typ:
        yield "authn.type"
    yield from _key_faults(control, token, keys)
    if token.payload is None:
        yield "authn.claims"
        return
    yield from _time_faults(control, token.payload, now_s)
    yield from _claim_faults(control, token.payload)


def claim(payload: dict[str, Any], path: Sequence[str]) -> Any:
    """What is found by own members of nested objects; None when nothing is."""
    found: Any = payload
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def texts_of(payload: dict[str, Any], path: Sequence[str]) -> frozenset[str]:
    """Scopes or roles: a text separated by single spaces, or a list of texts; nothing when the claim has another form, or there is no path."""
    found = claim(payload, path) if path else None
    if isinstance(found, str):
        return frozenset(found.split(" "))
    is_list = isinstance(found, list) and all(isinstance(x, str) for x in found)
    return frozenset(found) if is_list and found else frozenset()


def _type(token: Token) -> str | None:
    found = token.header.get("typ")
    return found.lower().removeprefix("application/") if isinstance(found, str) and found.isascii() else None


def _key_faults(control: Jwt, token: Token, keys: Sequence[VerificationKey] | None) -> Iterator[str]:
    kid = token.header.get("kid")
    if keys is None:
        yield "internal.unavailable" if isinstance(kid, str) else "authn.unknownKey"
        return
    key = next((k for k in keys if isinstance(kid, str) and k.kid == kid), None)
    if key is None:
        yield "authn.unknownKey"
    elif token.header.get("alg") != key.algorithm or key.algorithm not in control.algorithms:
        yield "authn.algorithm"
    elif not is_signed(key, token.signed, token.signature):
        yield "authn.signature"


def _time_faults(control: Jwt, payload: dict[str, Any], now_s: float) -> Iterator[str]:
    exp, iat, skew_s = payload.get("exp"), payload.get("iat"), control.clock_skew_s
    if exp is None or now_s >= exp + skew_s:
        yield "authn.expired"
    if now_s < payload.get("nbf", 0) - skew_s:
        yield "authn.notBefore"
    if now_s < (iat or 0) - skew_s:
        yield "authn.issuedAt"
    if control.max_lifetime_s is not None and exp is not None and (iat is None or exp - iat > control.max_lifetime_s):
        yield "authn.lifetime"


def _claim_faults(control: Jwt, payload: dict[str, Any]) -> Iterator[str]:
    aud = payload.get("aud", [])
    if payload.get("iss") != control.issuer:
        yield "authn.issuer"
    if not any(a in control.audiences for a in ([aud] if isinstance(aud, str) else aud)):
        yield "authn.audience"
    if not _SUBJECT.match(payload.get("sub", "")):
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
    """A JSON object (RFC 8259) in UTF-8 in which no member is there twice, at any depth, and every reader finds the same."""
    try:
        value = json.loads(data.decode("utf-8") if data else "", object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_plain(value, _MAX_DEPTH) else None


def _is_plain(value: Any, levels: int) -> bool:
    """Whether texts have no lone surrogates, numbers are finite, and objects and lists at most so many levels."""
    if isinstance(value, str):
        return value.isascii() or not _SURROGATE.search(value)
    if isinstance(value, int | float):
        return abs(value) <= sys.float_info.max
    if not isinstance(value, dict | list):
        return True
    members = (*value, *value.values()) if isinstance(value, dict) else value
    return levels > 0 and all(_is_plain(member, levels - 1) for member in members)


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(members)
    if len(unique) != len(members):
        raise ValueError("a member is there twice")
    return unique


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
