"""Phase 5: HTTP Basic with generated keys."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from gwc.controls.api_key import KeyDigest
from gwc.controls.basic import GENERATED_KEY, Basic
from gwc.semantics import api_key
from gwc.semantics.answers import Fault, fault
from gwc.semantics.http1 import Request

SCHEME = "Basic "
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")


def consumer_of(control: Basic, request: Request, now_s: float) -> str | None:
    """The consumer whose id and key the request carries, None when they do not hold."""
    key = _presented(control, request)
    return key.consumer if key and not list(api_key.out_of_time(key, now_s)) else None


def find_faults(control: Basic, request: Request, now_s: float, realm: str) -> Iterator[Fault]:
    """Why what is presented does not hold."""
    key = _presented(control, request)
    for reason in api_key.out_of_time(key, now_s) if key else ("authn.basic",):
        yield fault(reason, ("www-authenticate", f'Basic realm="{realm}"'))


def _presented(control: Basic, request: Request) -> KeyDigest | None:
    value = request.values("authorization")[0]
    decoded = _decode(value.removeprefix(SCHEME)) if value.startswith(SCHEME) else None
    user, colon, password = (decoded or b"").partition(b":")
    if not colon or not re.fullmatch(GENERATED_KEY.encode(), password):
        return None
    key = api_key.find(control.keys, password)
    return key if key and key.consumer.encode() == user else None


def _decode(text: str) -> bytes | None:
    """The bytes of canonical, padded base64."""
    if not _BASE64.match(text) or len(text) % 4:
        return None
    decoded = base64.b64decode(text)
    return decoded if base64.b64encode(decoded).decode("ascii") == text else None
