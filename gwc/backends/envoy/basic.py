"""Basic: generated keys by their digests in the Lua filter `gwc.access`. Envoy's own `basic_auth` takes SHA-1 digests only, of any password."""

from __future__ import annotations

from gwc.backends.envoy.api_key import digests
from gwc.backends.envoy.document import Json
from gwc.controls.basic import Basic


def emit(control: Basic) -> Json:
    """What the shared core needs to know: digest -> consumer and time."""
    return {"keys": digests(control.keys)}
