"""Host names: one filter chain for all names of the policy, one virtual host for each, and 421 for what is not its own.

One chain, because rate limits of all hosts share one bucket and Envoy keeps a bucket for each chain. With several names, the SNI is
compared in a header that the gateway sets itself: a route table of Envoy can match request headers only. With one name there is nothing
to compare: the chain takes connections for it only, the virtual host requests for it only.
"""

from __future__ import annotations

from collections.abc import Mapping

from gwc.backends.envoy import matcher
from gwc.backends.envoy.answers import refuse, refuse_connect
from gwc.backends.envoy.chain import SNI_HEADER
from gwc.backends.envoy.document import Json, header
from gwc.controls.host_names import HostNames


def emit(control: HostNames, gates: Mapping[str, Json]) -> list[Json]:
    """The virtual hosts. `gates`: host -> matcher that answers for every request. Envoy compares domains ignoring case."""
    compare = bool(headers(control))
    return [*(_virtual_host(name, _same(name, gates[name]) if compare else gates[name]) for name in control.names), _elsewhere()]


def headers(control: HostNames) -> tuple[str, ...]:
    """The header with the SNI, where it is compared."""
    return (SNI_HEADER,) if len(control.names) > 1 else ()


def early(control: HostNames) -> list[Json]:
    """The mutation that sets it."""
    return [{"append": header(name, "%REQUESTED_SERVER_NAME%")} for name in headers(control)]


def server_names(control: HostNames) -> Json:
    """`filter_chain_match`: there is no default chain, so that a connection for another name, or none, is reset."""
    return {"server_names": list(control.names)}


def _same(name: str, gate: Json) -> Json:
    """The gate for requests of connections for the same name."""
    same = matcher.holds(matcher.header_input(SNI_HEADER), {"exact": name})
    return matcher.first([matcher.case(same, matcher.nested(gate))], otherwise=matcher.take(refuse("normalise.host")))


def _virtual_host(name: str, gate: Json) -> Json:
    return {
        "name": name,
        "domains": [name, f"{name}:"],  # an empty port is a port (RFC 3986 3.2.3), but Envoy strips numbers only
        "request_headers_to_add": [header("x-forwarded-host", name)],
        "matcher": gate,
    }


def _elsewhere() -> Json:
    """Names that are not served. Two Host headers arrive here joined by a comma: then it is not a name at all."""
    two = {"prefix": "/", "headers": [{"name": ":authority", "string_match": {"contains": ","}}]}
    routes = [refuse_connect("route.method"), {**refuse("normalise.request"), "match": two}, refuse("normalise.host")]
    return {"name": "elsewhere", "domains": ["*"], "routes": routes}
