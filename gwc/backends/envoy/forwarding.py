"""Forwarding: what a client must not say is removed before routing, credentials after the filters that need them.

Keys in the query and in cookies are taken out by the last Lua filter of every route: Envoy's own removal of query parameters writes the
whole query anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gwc.backends.envoy import client_ip, consumer, host_names, rate_limit, seal
from gwc.backends.envoy.document import Json, extension, header
from gwc.backends.envoy.problem_details import REASON_HEADER
from gwc.controls.forwarding import IDENTITY, OVERWRITTEN, Forwarding
from gwc.ir import Gateway

_ENVOY_PREFIX = "x-envoy-"
"""Envoy's router obeys these headers (retries, timeouts): no client may send them."""
_ADDED_BY_ENVOY = ("x-envoy-internal", "x-envoy-original-host")
_CLIENT = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
"""The TCP peer. Envoy itself would append its own address for a client on the same machine."""
_CREDENTIALS = "authorization"
_NEEDED_LATER = frozenset({_CREDENTIALS, "host", "connection"})
"""`connection`: the HTTP/1 codec needs it to know when the connection ends, and removes it itself."""


def early(gateway: Gateway) -> list[Json]:
    """`early_header_mutation_extensions`: spoofed headers go before anything reads them; credentials stay for the filters."""
    mutations = [
        *client_ip.early(gateway),
        {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": _any_of(_spoofable(gateway))}}}},
        *host_names.early(gateway.host_names),
        seal.early(),
    ]
    message = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return [extension("envoy.http.early_header_mutation.header_mutation", message, mutations=mutations)]


def emit(gateway: Gateway) -> Json:
    """Members of the route table: what all routes remove and set when they forward, beside what is gone already."""
    keys = sorted(_keys(gateway) & set(gateway.forwarding.removed))
    removed = ("connection", *keys, *client_ip.headers(gateway), *host_names.headers(gateway.host_names), *_ADDED_BY_ENVOY)
    client = f"%REQ({client_ip.CLIENT.upper()})%" if gateway.client_ip else _CLIENT
    return {
        "request_headers_to_remove": list(removed),
        "request_headers_to_add": [header("x-forwarded-for", client), *(() if gateway.client_ip else (header(client_ip.CLIENT, client),))],
    }


def route(*, forwards_tokens: bool) -> Json:
    """Members of a route. Where a verified token may go on, the Lua filter removes every other one."""
    return {} if forwards_tokens else {"request_headers_to_remove": [_CREDENTIALS]}


def lua_data(control: Forwarding) -> Json:
    """Names of query parameters and cookies, where there are any."""
    removed = {"query": control.removed_query, "cookies": control.removed_cookies}
    return {kind: dict.fromkeys(names, True) for kind, names in removed.items() if names}


def _spoofable(gateway: Gateway) -> list[str]:
    """Headers of clients that nothing may ever see."""
    ours = (*host_names.headers(gateway.host_names), *client_ip.headers(gateway), REASON_HEADER)
    marks = (*rate_limit.marks(gateway.rate_limits), *consumer.marks(gateway.consumers))
    names = {*OVERWRITTEN, *IDENTITY, *gateway.forwarding.removed, *ours, *marks}
    needed = {client_ip.FORWARDED} if gateway.client_ip else set[str]()
    return sorted(names - _NEEDED_LATER - needed - _keys(gateway))


def _any_of(names: Iterable[str]) -> str:
    """One expression over a name: cheaper than a removal for each of them."""
    return "|".join([*(re.escape(name) for name in names), f"{_ENVOY_PREFIX}.*"])


def _keys(gateway: Gateway) -> set[str]:
    """The headers that hold API keys."""
    return {key.name for key in gateway.api_keys if key.location == "header"}
