"""Phase 5: API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.semantics import carrier
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request


def consumer_of(control: ApiKey, request: Request, now_s: float) -> str | None:
    """The consumer whose key the request carries, None when it carries none that holds."""
    key = _presented(control, request)
    return key.consumer if key and not list(out_of_time(key, now_s)) else None


def is_presented(control: ApiKey, request: Request) -> bool:
    """Whether the key's place is there, however often and with whatever in it."""
    return bool(carrier.values(control, request))


def find_faults(control: ApiKey, request: Request, now_s: float, realm: str) -> Iterator[Fault]:
    """Why the presented key does not hold."""
    key = _presented(control, request)
    for reason in out_of_time(key, now_s) if key else ("authn.apiKey",):
        yield fault(reason, ("www-authenticate", f'ApiKey realm="{realm}"'))


def find(keys: Sequence[KeyDigest], secret: bytes) -> KeyDigest | None:
    """The key with this text."""
    digest = hashlib.sha256(secret).hexdigest()
    return next((k for k in keys if k.digest == digest), None)


def out_of_time(key: KeyDigest, now_s: float) -> Iterator[str]:
    """The reason to refuse a known key at this moment."""
    if now_s < key.not_before_s:
        yield "authn.notBefore"
    if now_s >= key.expires_s:
        yield "authn.expired"


def _presented(control: ApiKey, request: Request) -> KeyDigest | None:
    values = carrier.values(control, request)
    return find(control.keys, values[0]) if len(values) == 1 and 1 <= len(values[0]) <= 256 else None
