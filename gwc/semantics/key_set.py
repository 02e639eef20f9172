"""The keys that a gateway has at a moment: those of the policy, or what it fetched last."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwc.controls.jwk import HmacAlgorithm, PublicKey
from gwc.controls.jwks import usable_key
from gwc.controls.jwt import FileKeys, Jwt, RemoteKeys, SecretKeys
from gwc.semantics.base64url import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacKey:
    """A symmetric key; `secret` never shows."""

    kid: str
    algorithm: HmacAlgorithm
    secret: bytes = field(repr=False)


VerificationKey = PublicKey | HmacKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set and the moment, in seconds since 1970, at which the gateway got it."""

    keys: tuple[VerificationKey, ...]
    fetched_s: float = 0.0


def usable(document: Any, control: Jwt) -> tuple[VerificationKey, ...] | None:
    """The keys that a gateway takes out of a set that it fetched or read; None when it is no set for it."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return None
    keys: list[VerificationKey]
    if isinstance(control.source, SecretKeys):
        if not all(isinstance(e, dict) and e.get("kty") == "oct" for e in entries) or _has_one_kid_twice(entries):
            return None
        keys = [k for e in entries if (k := _hmac_key(e, control)) is not None]
    else:
        keys = [p for e in entries if (p := usable_key(e, control.algorithms)) is not None]
    kids = {k.kid for k in keys}
    return tuple(keys) if keys and len(kids) == len(keys) else None


def _has_one_kid_twice(entries: Sequence[Mapping[str, Any]]) -> bool:
    named = [str(e["kid"]) for e in entries if "kid" in e]
    return len(set(named)) < len(named)


def _hmac_key(entry: dict[str, Any], control: Jwt) -> HmacKey | None:
    kid, algorithm, operations = entry.get("kid"), entry.get("alg"), entry.get("key_ops", ["verify"])
    secret = decode(entry["k"]) if isinstance(entry.get("k"), str) else None
    is_named = isinstance(kid, str) and re.fullmatch(r"[\x21-\x7e]{1,128}", kid) is not None
    may_verify = entry.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    if not is_named or not may_verify or secret is None or algorithm not in control.algorithms or len(secret) < int(algorithm[2:]) // 8:
        return None
    return HmacKey(kid=str(kid), algorithm=algorithm, secret=secret)


def keys_of(control: Jwt, known: Mapping[str, KeySet], now_s: float) -> Sequence[VerificationKey] | None:
    """The keys of the scheme; None when the gateway has none, or has had them for too long. `known`: sets by scheme."""
    if isinstance(control.source, FileKeys):
        return control.source.keys
    found = known.get(control.scheme)
    if found is None:
        return None
    if isinstance(control.source, RemoteKeys):
        last_s = found.fetched_s + control.source.cache_for_s + control.source.max_stale_s
        return found.keys if now_s <= last_s else None
    return found.keys
