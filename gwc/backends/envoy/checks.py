"""What `envoy --mode validate` does not find, checked on the finished documents: a mistake here is a mistake of the backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwc.backends.envoy import chain, consumer, jwt, lanes, rate_limit
from gwc.backends.envoy.document import Json
from gwc.backends.envoy.lanes import Lanes


def check_routes(known: Lanes, routes: Json) -> None:
    """Asserts that every operation has its route on each host, with its lane, its limits, and filters and requirements that exist.

    Envoy ignores the configuration of a filter that is not in the chain, and takes a requirement that does not exist.
    """
    gateway, seen = known.gateway, dict[str, int]()
    limits = rate_limit.route_metadata(gateway.rate_limits)
    turned_on = lanes.per_route(known)
    filters, requirements = set(filter_names(known)), {jwt.requirement_name(r) for r in lanes.requirements(known)}
    for route in _routes(routes):
        configured = route.get("typed_per_filter_config", {})
        assert set(configured) <= filters, f"unknown filters: {set(configured) - filters}"
        assert configured.get(chain.TOKENS, {}).get("requirement_name", "") in {"", *requirements}, "the requirement exists"
        if "route" not in route:
            assert not configured, "an answer of the gateway's own turns no filter on"
            continue
        assert route["name"] in known.of, "a route is one of an operation"
        assert configured == turned_on[route["name"]], "every operation is judged by its lane and its rule"
        assert route.get("metadata") == limits.get(route["name"]), "the limits of every operation are counted"
        seen[route["name"]] = seen.get(route["name"], 0) + 1
    wanted = {o.key: len(set(o.route.hosts)) for o in gateway.operations}
    assert all(seen.get(key, 0) >= count for key, count in wanted.items()), "every operation has a route on each host"


def filter_names(known: Lanes) -> list[str]:
    """The filters of the chain, in their order."""
    gateway = known.gateway
    names = {
        chain.NETWORK: [chain.NETWORK] if gateway.network_rules or gateway.client_ip else [],
        chain.LIMIT: rate_limit.filter_names(gateway.rate_limits),
        chain.TOKENS: [chain.TOKENS] if any(jwt.is_judged_natively(control.source) for control in gateway.jwts) else [],
        chain.ACCESS: [chain.ACCESS],
        chain.QUOTA: consumer.filter_names(gateway.consumers),
        chain.BODY: [chain.BODY] if known.split else [],
        chain.ROUTER: [chain.ROUTER],
    }
    return [name for entry in chain.ORDER for name in names.get(entry, [])]


def _routes(value: Any) -> Iterator[Json]:
    """Every route of the tree, copies in several buckets included."""
    todo, met = [value], set()
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict) and id(node) not in met:
            met.add(id(node))
            if "direct_response" in node or isinstance(node.get("route"), dict):
                yield node
            else:
                todo.extend(node.values())
