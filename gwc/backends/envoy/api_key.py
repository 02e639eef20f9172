"""API keys: SHA-256 digests in the Lua filter `gwc.credentials`. Envoy's own `api_key_auth` stores keys in plain text and knows no time."""

from __future__ import annotations

from gwc.backends.envoy import chain
from gwc.backends.envoy.document import PRESENT, Json, metadata
from gwc.controls.api_key import ApiKey


def emit(control: ApiKey) -> Json:
    """What the shared core needs to know: the header, and digest -> consumer and time."""
    return {"header": control.header, "keys": {key.digest: _key(key.consumer, key.not_before_s, key.expires_s) for key in control.keys}}


def verified(scheme: str) -> Json:
    """A principal: the filter found a consumer."""
    return metadata(chain.CONSUMERS, [scheme], PRESENT)


def _key(consumer: str, not_before_s: int, expires_s: int) -> Json:
    return {"consumer": consumer, "not_before_s": not_before_s, "expires_s": expires_s}
