"""Forwarding: what a client must not say is removed before routing, credentials after the last filter that needs them."""

from __future__ import annotations

from gwc.backends.envoy import rate_limit
from gwc.backends.envoy.chain import SNI_HEADER
from gwc.backends.envoy.document import Json, extension, header
from gwc.backends.envoy.problem_details import REASON_HEADER
from gwc.controls.forwarding import IDENTITY, OVERWRITTEN, Forwarding
from gwc.ir import Gateway

_ENVOY_PREFIX = "x-envoy-"
"""Envoy's router obeys these headers (retries, timeouts): no client may send them."""
_ADDED_BY_ENVOY = ("x-envoy-external-address", "x-envoy-internal", "x-envoy-original-host")
_CLIENT = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
"""The TCP peer. Envoy itself would append its own address for a client on the same machine."""
_NEEDED_LATER = frozenset({"authorization", "host", "connection"})
"""`connection`: the HTTP/1 codec needs it to know when the connection ends, and removes it itself."""


def early(gateway: Gateway) -> list[Json]:
    """`early_header_mutation_extensions`: spoofed headers go before anything reads them; credentials stay for the filters."""
    needed = {*_NEEDED_LATER, *(key.header for key in gateway.api_keys)}
    ours = (SNI_HEADER, REASON_HEADER, *rate_limit.marks(gateway.rate_limits))
    names = (*OVERWRITTEN, *IDENTITY, *gateway.forwarding.removed, *ours)
    mutations: list[Json] = [
        *({"remove": name} for name in names if name not in needed),
        {"remove_on_match": {"key_matcher": {"prefix": _ENVOY_PREFIX}}},
        {"append": header(SNI_HEADER, "%REQUESTED_SERVER_NAME%")},
    ]
    message = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return [extension("envoy.http.early_header_mutation.header_mutation", message, mutations=mutations)]


def emit(control: Forwarding) -> Json:
    """Members of the route table: what all routes remove and set when they forward."""
    removed = (*control.removed, SNI_HEADER, *_ADDED_BY_ENVOY)
    return {
        "request_headers_to_remove": list(removed),
        "request_headers_to_add": [header("x-forwarded-for", _CLIENT), header("x-real-ip", _CLIENT)],
    }
