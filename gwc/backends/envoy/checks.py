"""What `envoy --mode validate` does not find, checked on the finished documents: a mistake here is a mistake of the backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwc.backends.envoy import chain, rate_limit
from gwc.backends.envoy.document import Json
from gwc.ir import Gateway


def check_routes(gateway: Gateway, routes: Json, requirements: set[str]) -> None:
    """Asserts that every operation has its route on each host, with filters that exist, requirements that exist, and its limits.

    Envoy ignores the configuration of a filter that is not in the chain, and takes a requirement that does not exist.
    """
    seen: dict[str, int] = {}
    limits = rate_limit.covering(gateway.rate_limits)
    known = set(filter_names(gateway))
    for route in _routes(routes):
        filters = route["typed_per_filter_config"]
        assert set(filters) <= known, f"unknown filters: {set(filters) - known}"
        assert chain.AUTHORIZATION in filters, "every route says who may use it"
        if "route" in route:
            assert route.get("metadata") == limits.get(route["name"]), "the limits of every operation are counted"
            seen[route["name"]] = seen.get(route["name"], 0) + 1
            assert chain.BODY in filters, "the body of every operation is judged"
            assert filters.get(chain.TOKENS, {}).get("requirement_name", "") in {"", *requirements}, "the requirement exists"
    wanted = {o.key: len(set(o.route.hosts)) for o in gateway.operations}
    assert all(seen.get(key, 0) >= count for key, count in wanted.items()), "every operation has a route on each host"


def filter_names(gateway: Gateway) -> list[str]:
    """The filters of the chain, in their order."""
    limits = [rate_limit.filter_name(limit) for limit in gateway.rate_limits]
    return [name for entry in chain.ORDER for name in (limits if entry == chain.LIMIT else [entry])]


def _routes(value: Any) -> Iterator[Json]:
    """Every route of the tree, copies in several buckets included."""
    todo, met = [value], set()
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict) and id(node) not in met:
            met.add(id(node))
            if "typed_per_filter_config" in node:
                yield node
            else:
                todo.extend(node.values())
