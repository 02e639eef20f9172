"""The two forms of the output: one static document, and file-xDS that Envoy re-reads when a file is renamed into place.

Routes are part of the listener, not a file of their own: connections that are older than an update go on with the filters they began with, and with
routes of another policy these would refuse what both policies allow, or judge it by half of each. An in-place write is not noticed (measured): the old
policy would stay. Envoy's administration interface is off, or shows counters only (`metrics.py`).
"""

from __future__ import annotations

from gwc.backends.envoy import access_log, body, connection_manager, host_names, jwt, listener_tls, metrics, upstream
from gwc.backends.envoy.canonical_path import PROGRAM_SIZE
from gwc.backends.envoy.document import Json, extension, typed, without_type
from gwc.backends.envoy.lanes import Lanes
from gwc.controls.jwt import MAX_SET_BYTES
from gwc.ir import Gateway

_HEAP_BYTES = 2 * 1024**3
_MAX_CONNECTIONS = 50000
_MONITOR = "envoy.resource_monitors."
_FOLDER = "xds"


def static(known: Lanes, routes: Json, filters: list[Json]) -> Json:
    """Everything in one document: the only form that `envoy --mode validate` reads completely."""
    return {
        **_common(known.gateway),
        "static_resources": {"listeners": _listeners(known, routes, filters), "clusters": _clusters(known.gateway)},
    }


def files(known: Lanes, routes: Json, filters: list[Json]) -> dict[str, Json]:
    """The documents of file-xDS by path. Their paths are relative to the folder above `xds`, where Envoy must be started."""
    gateway = known.gateway
    listeners = [typed("envoy.config.listener.v3.Listener", **listener) for listener in _listeners(known, routes, filters)]
    clusters = [typed("envoy.config.cluster.v3.Cluster", **cluster) for cluster in _clusters(gateway)]
    dynamic = {"lds_config": _watched("lds.json"), "cds_config": _watched("cds.json")}
    documents = {
        "bootstrap.json": {"node": {"id": "gwc", "cluster": "gwc"}, **_common(gateway), "dynamic_resources": dynamic},
        "lds.json": {"resources": listeners},
        "cds.json": {"resources": clusters},
    }
    return {f"{_FOLDER}/{name}": document for name, document in documents.items()}


def _clusters(gateway: Gateway) -> list[Json]:
    return [*(upstream.emit(u) for u in gateway.upstreams), *jwt.key_clusters(gateway.jwts), *metrics.clusters(gateway.metrics)]


def _listeners(known: Lanes, routes: Json, filters: list[Json]) -> list[Json]:
    manager = connection_manager.emit(known, filters, without_type(routes))
    return [_listener(known.gateway, manager), *metrics.listeners(known.gateway.metrics)]


def _watched(name: str) -> Json:
    source = {"path": f"{_FOLDER}/{name}", "watched_directory": {"path": _FOLDER}}
    return {"resource_api_version": "V3", "path_config_source": source}


def _listener(gateway: Gateway, manager: Json) -> Json:
    inspector = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
    chain = {
        "name": access_log.ALLOWED,
        "filter_chain_match": host_names.server_names(gateway.host_names),
        "transport_socket_connect_timeout": "10s",
        "transport_socket": listener_tls.emit(gateway.listener_tls),
        "filters": [manager],
    }
    return {
        "name": "https",
        "metadata": access_log.LISTENER_METADATA,
        "address": listener_tls.address(gateway.listener_tls),
        "per_connection_buffer_limit_bytes": body.BUFFER_BYTES,
        "listener_filters": [extension("envoy.filters.listener.tls_inspector", inspector)],
        "listener_filters_timeout": "5s",
        "filter_chains": [chain],
    }


def _common(gateway: Gateway) -> Json:
    return {**metrics.admin(gateway.metrics), "overload_manager": _overload(), "layered_runtime": {"layers": [_runtime()]}}


def _runtime() -> Json:
    """The canonical path needs larger expressions than Envoy takes by default; a larger one is refused at load.

    Without strict chunks, bytes between the data of a chunk and its line end are skipped (1.40): another proxy may read a request there.
    What the Lua filters fetch is held in memory up to 32 MiB by default.
    """
    settings = {
        "re2.max_program_size.error_level": PROGRAM_SIZE,
        "envoy.reloadable_features.strict_chunk_parsing": True,
        "http.async_response_buffer_limit": MAX_SET_BYTES,
    }
    return {"name": "gwc", "static_layer": settings}


def _overload() -> Json:
    """Limits of the whole process, from Envoy's guide for edge proxies."""
    heap = {"max_heap_size_bytes": _HEAP_BYTES}
    connections = {"max_active_downstream_connections": _MAX_CONNECTIONS}
    monitors = [
        extension(f"{_MONITOR}fixed_heap", "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig", **heap),
        extension(
            f"{_MONITOR}global_downstream_max_connections",
            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            **connections,
        ),
    ]
    actions = [_at("shrink_heap", 0.9), _at("disable_http_keepalive", 0.92), _at("stop_accepting_requests", 0.95)]
    return {"refresh_interval": "0.25s", "resource_monitors": monitors, "actions": actions}


def _at(action: str, share: float) -> Json:
    trigger = {"name": f"{_MONITOR}fixed_heap", "threshold": {"value": share}}
    return {"name": f"envoy.overload_actions.{action}", "triggers": [trigger]}
