"""Rate limits by client address: a counting filter for each limit, and one that refuses.

A route says by its metadata which limits cover it. A bucket for each address: a descriptor without a value. Beyond `max_keys` addresses the one that
was quiet for longest is forgotten and starts with a full bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gwc.backends.base import Unenforceable, covering
from gwc.backends.envoy import chain, client_ip, token_bucket
from gwc.backends.envoy.document import Json
from gwc.backends.envoy.token_bucket import MAX_TOKENS, ON
from gwc.controls.rate_limit import RateLimit

METADATA = "gwc.rate_limits"
"""Namespace of the routes' metadata: limit -> "on"."""

_MARK = "x-gwc-flood-"


def emit(limits: Sequence[RateLimit], *, has_proxies: bool) -> list[Json]:
    """The filters; none without limits. Requests of routes without metadata get no descriptor and are not limited."""
    counters = [_counter(limit, mark, _masked(limit, has_proxies=has_proxies)) for limit, mark in zip(limits, marks(limits), strict=True)]
    return [*counters, token_bucket.judge(chain.FLOOD, marks(limits))] if limits else []


def route_metadata(limits: Sequence[RateLimit]) -> dict[str, Json]:
    """Operation -> the metadata of its route: without it the operation would not be limited."""
    covered = covering(limits)
    ids = {numbers: [limits[n - 1].id for n in numbers] for numbers in set(covered.values())}
    metadata = {numbers: {"filter_metadata": {METADATA: dict.fromkeys(names, ON)}} for numbers, names in ids.items()}
    return {key: metadata[numbers] for key, numbers in covered.items()}


def marks(limits: Sequence[RateLimit]) -> list[str]:
    """The headers that mark a request, in the order of the limits. Those of clients are removed."""
    return [f"{_MARK}{i:04d}" for i in range(len(limits))]


def policies(limits: Sequence[RateLimit]) -> list[tuple[str, int]]:
    """What the refusing filter calls each limit, and the seconds that a client should wait."""
    return [(mark, token_bucket.wait_s(limit)) for mark, limit in zip(marks(limits), limits, strict=True)]


def check(limits: Iterable[RateLimit]) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    limits = tuple(limits)
    yield from _not_realised(limits)
    for limit in limits:
        if max(limit.limit, limit.burst) > MAX_TOKENS:
            yield Unenforceable(limit.span, limit.STEM, "limit", f"Envoy counts to {MAX_TOKENS}", "use a smaller limit")


def _not_realised(limits: Iterable[RateLimit]) -> Iterator[Unenforceable]:
    """What has no realisation here: Envoy counts addresses only, a token for each request, in each instance by itself."""
    instead = "limit by client.ip, one token for each request, without fields, per instance"
    for limit in limits:
        asked = {
            "key": limit.phase != "flood",
            "costs": any(tokens != 1 for _, tokens in limit.costs),
            "has_fields": limit.has_fields,
            "algorithm": limit.algorithm != "tokenBucket",
            "store_failure": limit.store_failure is not None,
        }
        for name in (name for name, is_asked in asked.items() if is_asked):
            yield Unenforceable(limit.span, limit.STEM, name, "this version of gwc has no realisation of it for this target", instead)


def filter_names(limits: Sequence[RateLimit]) -> list[str]:
    """The filters, in their order."""
    return [*(_filter_name(limit) for limit in limits), chain.FLOOD] if limits else []


def _filter_name(limit: RateLimit) -> str:
    return f"{chain.LIMIT}.{limit.id}"


def _counter(limit: RateLimit, mark: str, client: Json) -> Json:
    covered: dict[str, Any] = {
        "descriptor_key": limit.id,
        "metadata_key": {"key": METADATA, "path": [{"key": limit.id}]},
        "source": "ROUTE_ENTRY",
    }
    bucket = token_bucket.bucket([{"key": limit.id, "value": ON}, {"key": "masked_remote_address"}], limit)
    actions: list[Json] = [{"metadata": covered}, client]
    return token_bucket.counter(_filter_name(limit), mark, [bucket], actions, max_dynamic_descriptors=limit.max_keys)


def _masked(limit: RateLimit, *, has_proxies: bool) -> Json:
    """What counts as one client. Behind proxies, the Lua filter in front has said so."""
    if has_proxies:
        name = client_ip.network_header(limit.ipv6_prefix or 0)
        return {"request_headers": {"header_name": name, "descriptor_key": "masked_remote_address"}}
    return {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": limit.ipv6_prefix}}
