"""Metrics: an access logger that counts, and a listener of its own that shows its counters and nothing else.

Envoy's own interface for counters is its administration interface. It is on a UNIX socket that only Envoy's user can open, in the folder where
Envoy was started, and there it answers for counters only. Its names begin with `envoy_`: a Lua filter of this listener takes that off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gwc.backends.envoy import access_log
from gwc.backends.envoy.document import HTTP_FILTER, Json, extension, first_of, typed
from gwc.backends.envoy.reply_filter import has_metadata, has_status
from gwc.controls.forwarding import CONSUMER
from gwc.controls.metrics import METRIC, Metrics
from gwc.controls.validation import RESPONSES
from gwc.ir import Gateway

SOCKET = "gwc-admin.sock"
_CLUSTER = "gwc.admin"
_COUNTERS = "/stats/prometheus"
_SCOPE, _, _NAME = METRIC.partition("_")
_RESPONSES = RESPONSES.partition("_")[2]
_MAX_BYTES = 64 * 1024 * 1024
"""What the answer may grow to: the names of some ten thousand consumers with all their reasons."""
_RENAME = f"""function envoy_on_response(h)
  local body = h:body()
  if body then body:setBytes((body:getBytes(0, body:length()):gsub("envoy_({_SCOPE}_re%w+_total)", "%1"))) end
end
"""


def emit(gateway: Gateway) -> list[Json]:
    """The loggers; none without the control. Consumers, operations and words are those of the log: nothing that a client could invent."""
    if not gateway.metrics:
        return []
    consumer = first_of(("REQ", CONSUMER), ("METADATA", "LISTENER:gwc:absent"))
    requests = _counter(
        "gwc.metrics", _NAME, {"consumer": consumer, "reason": access_log.REASON}, has_status(100, "GE")
    )  # else a client left
    if not gateway.watches_responses:
        return [requests]
    watched = has_metadata(*access_log.WORD_METADATA)
    return [requests, _counter("gwc.responses", _RESPONSES, {"operation": "%ROUTE_NAME%", "response": access_log.WORD}, watched)]


def _counter(name: str, stat: str, tags: Mapping[str, str], when: Json) -> Json:
    made = [{"name": tag, "value_format": value} for tag, value in tags.items()]
    counter = {"stat": {"name": stat, "tags": made}, "value_fixed": 1}
    message = "envoy.extensions.access_loggers.stats.v3.Config"
    return {**extension(name, message, stats_scope={"prefix": _SCOPE}, counters=[counter]), "filter": when}


def admin(controls: Sequence[Metrics]) -> Json:
    """Member of the bootstrap: without the control there is no administration interface at all."""
    socket = {"pipe": {"path": SOCKET, "mode": 0o600}}
    return {"admin": {"address": socket, "allow_paths": [{"prefix": f"{_COUNTERS}?"}]}} if controls else {}


def clusters(controls: Sequence[Metrics]) -> list[Json]:
    """The administration interface as an upstream."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": SOCKET}}}}
    made = {
        "name": _CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": _MAX_BYTES,
        "load_assignment": {"cluster_name": _CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return [made for _ in controls]


def listeners(controls: Sequence[Metrics]) -> list[Json]:
    """The listener: `GET /metrics`, exactly so, and 404."""
    return [_listener(control) for control in controls]


def _listener(control: Metrics) -> Json:
    return {
        "name": "metrics",
        "address": {"socket_address": {"address": control.address, "port_value": control.port}},
        "per_connection_buffer_limit_bytes": _MAX_BYTES,
        "filter_chains": [{"filters": [_connection_manager()]}],
    }


def _connection_manager() -> Json:
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="gwc_metrics",
        codec_type="HTTP1",
        use_remote_address=True,
        request_headers_timeout="5s",
        request_timeout="5s",
        stream_idle_timeout="30s",
        http_filters=[
            extension("gwc.rename", HTTP_FILTER + "lua.v3.Lua", default_source_code={"inline_string": _RENAME}),
            extension("gwc.router", HTTP_FILTER + "router.v3.Router", suppress_envoy_headers=True),
        ],
        route_config={"name": "metrics", "virtual_hosts": [{"name": "metrics", "domains": ["*"], "routes": _routes()}]},
    )
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def _routes() -> list[Json]:
    """The whole target is compared: a query of the client would become one of the administration interface."""
    wanted = {":method": "GET", ":path": "/metrics"}
    headers = [{"name": name, "string_match": {"exact": value}} for name, value in wanted.items()]
    target = {"pattern": {"regex": ".*"}, "substitution": f"{_COUNTERS}?filter=^{_SCOPE}[.]re[a-z]+_total"}
    show = {"cluster": _CLUSTER, "regex_rewrite": target, "host_rewrite_literal": "admin", "timeout": "5s"}
    return [{"match": {"prefix": "/", "headers": headers}, "route": show}, {"match": {"prefix": "/"}, "direct_response": {"status": 404}}]
