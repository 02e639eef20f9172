"""The HTTP connection manager: the filter chain, the limits of phase 1, and the route table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gwc.backends.envoy import (
    access_log,
    body,
    canonical_path,
    chain,
    checks,
    consumer,
    forwarding,
    host_names,
    jwt,
    lanes,
    listener_tls,
    metrics,
    problem_details,
    rate_limit,
    routing,
    seal,
    upstream,
)
from gwc.backends.envoy.document import HTTP_FILTER, Json, extension, typed
from gwc.backends.envoy.lanes import Lanes
from gwc.ir import Gateway, Operation

_ROUTES = "gateway"
_MESSAGE = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_HEADER_KIB = 32


def routes(known: Lanes) -> Json:
    """The route table of all hosts."""
    gateway, shared = known.gateway, _shared(known)
    gates = {}
    for name in gateway.host_names.names:
        served = [o for o in gateway.operations if name in o.route.hosts]
        ends = {o.key: shared.end(o) for o in served}  # of this host alone: routes are counted by host
        gates[name] = canonical_path.emit(gateway.canonical_path, routing.emit(served, ends))
    return typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=_ROUTES,
        validate_clusters=True,
        **forwarding.emit(gateway),
        **({"response_headers_to_add": added} if (added := listener_tls.hsts(gateway.listener_tls)) else {}),
        response_headers_to_remove=[problem_details.REASON_HEADER],  # an upstream's would be taken for the gateway's
        virtual_hosts=host_names.emit(gateway.host_names, gates),
    )


def emit(known: Lanes, filters: list[Json], route_config: Json) -> Json:
    """The network filter; `filters` are those of `http_filters`, `route_config` is the table of `routes`."""
    gateway = known.gateway
    manager = typed(
        _MESSAGE,
        stat_prefix="gwc",
        codec_type="HTTP1",
        **_codec(gateway),
        **_paths_and_hosts(),
        **_client(),
        **seal.connection_manager(),
        **_timeouts(),
        early_header_mutation_extensions=forwarding.early(gateway),
        local_reply_config=problem_details.emit(gateway),
        access_log=[*access_log.emit(gateway), *metrics.emit(gateway)],
        http_filters=filters,
        route_config=route_config,
    )
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


@dataclass(frozen=True, slots=True)
class _Shared:
    """Parts of routes, made once: many operations have the same lane, upstream and limits."""

    known: Lanes
    actions: Mapping[str, Json]
    limits: Mapping[str, Json]
    filters: Mapping[str, Json]

    def end(self, operation: Operation) -> Json:
        """What follows when the operation is known: its route."""
        control, segments = self.known.gateway.canonical_path, operation.route.template.segments
        return canonical_path.take(control, operation.validation, len(segments), self._route(operation))

    def _route(self, operation: Operation) -> Json:
        """The route of an operation. Its name comes first: the ledger finds the rest below it."""
        limits = self.limits.get(operation.key)
        return {
            "name": operation.key,
            "match": {"prefix": "/"},
            "route": self.actions[operation.upstream],
            **({"metadata": limits} if limits else {}),
            **body.route(operation.body),
            **forwarding.route(forwards_tokens=self.known.schemes.forwards_tokens(operation.security)),
            "typed_per_filter_config": self.filters[operation.key],
        }


def _shared(known: Lanes) -> _Shared:
    return _Shared(
        known=known,
        actions={u.name: upstream.action(u) for u in known.gateway.upstreams},
        limits=rate_limit.route_metadata(known.gateway.rate_limits),
        filters=lanes.per_route(known),
    )


def http_filters(known: Lanes) -> list[Json]:
    """The chain of filters, in the order of decisions."""
    gateway = known.gateway
    made = [
        *lanes.network_filters(known),
        *rate_limit.emit(gateway.rate_limits, has_proxies=bool(gateway.client_ip)),
        *jwt.emit(gateway.jwts, lanes.requirements(known)),
        lanes.access_filter(known),
        *consumer.emit(gateway.consumers),
        *lanes.body_filters(known),
        _router(),
    ]
    assert [f["name"] for f in made] == checks.filter_names(known), "the order of decisions"
    return made


def _router() -> Json:
    """Without counters of its own: nobody could read them, and they cost a fiftieth of a request."""
    message = HTTP_FILTER + "router.v3.Router"
    return extension(chain.ROUTER, message, suppress_envoy_headers=True, dynamic_stats=False, **seal.router())


def _codec(gateway: Gateway) -> Json:
    """What the codec refuses: 426 for HTTP/1.0, 431 for too much, 400 for what is no HTTP. HTTP/1.1 only: it is what was proven."""
    return {
        "http_protocol_options": {
            "accept_http_10": False,
            "allow_absolute_url": False,
            "allow_custom_methods": True,  # any method reaches the gate and gets its 405
            "allow_chunked_length": False,
            "enable_trailers": False,
            "ignore_http_11_upgrade": [{"safe_regex": {"regex": ".*"}}],  # else the body of such a request never ends
        },
        "common_http_protocol_options": {
            "max_headers_count": 100,
            "headers_with_underscores_action": "REJECT_REQUEST",
            "idle_timeout": "300s",
            "max_connection_duration": "3600s",
        },
        "max_request_headers_kb": _HEADER_KIB + -(-gateway.canonical_path.max_uri_bytes // 1024),
    }


def _paths_and_hosts() -> Json:
    """The raw target is judged by the gate and forwarded as it came."""
    return {
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "strip_any_host_port": True,
    }


def _client() -> Json:
    """For Envoy the client is the TCP peer, whatever headers say (client_ip.py); the request's id is ours."""
    return {
        "xff_num_trusted_hops": 0,
        "skip_xff_append": True,
        "generate_request_id": True,
        "preserve_external_request_id": False,
        "forward_client_cert_details": "SANITIZE",
        "server_header_transformation": "PASS_THROUGH",
    }


def _timeouts() -> Json:
    return {
        "request_headers_timeout": "10s",
        "request_timeout": "60s",
        "stream_idle_timeout": "300s",
        "delayed_close_timeout": "1s",
        "drain_timeout": "10s",
    }
