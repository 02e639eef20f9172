"""The filter `gwc.credentials`: API keys, and everything about a token but its signature, with the core that all Lua hosts share."""

from __future__ import annotations

from gwc.backends.envoy import api_key, chain, jwt, security
from gwc.backends.envoy.document import Json
from gwc.backends.envoy.lua import lua_filter
from gwc.backends.envoy.security import Securities
from gwc.ir import Gateway

_MODULES = ["sha256", "base64url", "json", "api_key", "jwt", "security"]


def emit(gateway: Gateway, known: Securities, statuses: Json) -> Json:
    """The filter. `statuses`: reason -> status of its answer."""
    data = {
        "realm": gateway.problem_details.realm,
        "statuses": statuses,
        "jwts": {control.scheme: jwt.lua_data(control) for control in gateway.jwts},
        "api_keys": {control.scheme: api_key.emit(control) for control in gateway.api_keys},
        "securities": security.lua_data(known),
    }
    return lua_filter(chain.CREDENTIALS, "credentials", _MODULES, data)
