"""Phase 5: API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from gwc.controls.api_key import ApiKey, KeyDigest
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request


def consumer_of(control: ApiKey, request: Request, now_s: float) -> str | None:
    """The consumer whose key the request carries, None when it carries none that holds."""
    key = _find(control, request)
    return key.consumer if key and not list(_out_of_time(key, now_s)) else None


def is_presented(control: ApiKey, request: Request) -> bool:
    """Whether the key's header is there, however often and with whatever in it."""
    return bool(request.values(control.header))


def find_faults(control: ApiKey, request: Request, now_s: float, realm: str) -> Iterator[Fault]:
    """Why the presented key does not hold."""
    challenge = ("www-authenticate", f'ApiKey realm="{realm}"')
    key = _find(control, request)
    for reason in _out_of_time(key, now_s) if key else ("authn.apiKey",):
        yield fault(reason, challenge)


def _find(control: ApiKey, request: Request) -> KeyDigest | None:
    values = request.values(control.header)
    if len(values) != 1 or not 1 <= len(values[0]) <= 256:
        return None
    digest = hashlib.sha256(values[0].encode("latin-1")).hexdigest()
    return next((k for k in control.keys if k.digest == digest), None)


def _out_of_time(key: KeyDigest, now_s: float) -> Iterator[str]:
    if now_s < key.not_before_s:
        yield "authn.notBefore"
    if now_s >= key.expires_s:
        yield "authn.expired"
