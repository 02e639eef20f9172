"""API keys: SHA-256 digests in the Lua filter `gwc.access`. Envoy's own `api_key_auth` stores keys in plain text and knows no time."""

from __future__ import annotations

from collections.abc import Iterable

from gwc.backends.envoy.document import Json
from gwc.controls.api_key import ApiKey, KeyDigest


def emit(control: ApiKey) -> Json:
    """What the shared core needs to know: where the key is, and digest -> consumer and time."""
    return {"location": control.location, "name": control.name, "keys": digests(control.keys)}


def digests(keys: Iterable[KeyDigest]) -> Json:
    """Digest -> consumer and time."""
    return {key.digest: _key(key.consumer, key.not_before_s, key.expires_s) for key in keys}


def _key(consumer: str, not_before_s: int, expires_s: int) -> Json:
    return {"consumer": consumer, "not_before_s": not_before_s, "expires_s": expires_s}
