"""Rate limits: a `local_ratelimit` filter for each limit marks the request, and one RBAC filter behind them refuses what is marked.

Enforced in one filter, an exhausted limit would keep the others from taking their token (measured: the slowest bucket is asked
first, and the rest only if it has one). A route says by its metadata which limits cover it: limits in the configuration of
routes would give each route buckets of its own. A bucket (wildcard descriptor, one per address) is shared by all workers and
refills continuously: the bucket of the control.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import chain
from gwc.backends.envoy.document import HTTP_FILTER, PRESENT, Json, extension, header, rules
from gwc.controls.rate_limit import RateLimit

METADATA = "gwc.rate_limits"
"""Namespace of the routes' metadata: limit -> "on"."""
_ON = "on"

_BUCKETS_PER_LIMIT = 65536
"""Beyond these addresses the one that was quiet for longest is forgotten and starts with a full bucket. About 28 MB."""
_MAX_TOKENS = 2**32 - 1
_UNLIMITED = {"max_tokens": _MAX_TOKENS, "tokens_per_fill": _MAX_TOKENS, "fill_interval": "1s"}
_MARK = "x-gwc-flood-"


def emit(limits: Sequence[RateLimit]) -> list[Json]:
    """The filters. Requests of routes without metadata get no descriptor and are not limited."""
    return [*(_counter(limit, mark) for limit, mark in zip(limits, marks(limits), strict=True)), _judge(limits)]


def covering(limits: Iterable[RateLimit]) -> dict[str, Json]:
    """Operation -> the metadata of its route: without it the operation would not be limited."""
    of_operation: dict[str, tuple[str, ...]] = {}
    for limit in limits:
        for key in limit.operations:
            of_operation[key] = (*of_operation.get(key, ()), limit.id)
    metadata = {ids: {"filter_metadata": {METADATA: dict.fromkeys(ids, _ON)}} for ids in set(of_operation.values())}
    return {key: metadata[ids] for key, ids in of_operation.items()}


def marks(limits: Sequence[RateLimit]) -> list[str]:
    """The headers that mark a request, in the order of the limits. A client that sends one refuses itself."""
    return [f"{_MARK}{i:04d}" for i in range(len(limits))]


def policies(limits: Sequence[RateLimit]) -> list[tuple[str, int]]:
    """What the refusing filter calls each limit, and the seconds that a client should wait: as long as one token takes."""
    return [(mark, max(1, math.ceil(limit.seconds_per_token))) for mark, limit in zip(marks(limits), limits, strict=True)]


def check(limits: Iterable[RateLimit]) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    for limit in limits:
        if max(limit.limit, limit.burst) > _MAX_TOKENS:
            yield Unenforceable(limit.span, limit.STEM, "limit", f"Envoy counts to {_MAX_TOKENS}", "use a smaller limit")


def filter_name(limit: RateLimit) -> str:
    """The name of the limit's filter."""
    return f"{chain.LIMIT}.{limit.id}"


def _counter(limit: RateLimit, mark: str) -> Json:
    return extension(
        filter_name(limit),
        HTTP_FILTER + "local_ratelimit.v3.LocalRateLimit",
        stat_prefix="gwc_rate_limit",
        token_bucket=_UNLIMITED,
        filter_enabled=_percent(100),  # the default is 0: nothing would be counted
        filter_enforced=_percent(0),
        request_headers_to_add_when_not_enforced=[header(mark, _ON)],
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=_BUCKETS_PER_LIMIT,
        descriptors=[_bucket(limit)],
        rate_limits=[_actions(limit)],
    )


def _judge(limits: Sequence[RateLimit]) -> Json:
    marked = {mark: [{"header": {"name": mark, **PRESENT}}] for mark in marks(limits)}
    return extension(chain.FLOOD, HTTP_FILTER + "rbac.v3.RBAC", **({"rules": rules("DENY", marked)} if marked else {}))


def _percent(share: int) -> Json:
    return {"default_value": {"numerator": share, "denominator": "HUNDRED"}}


def _bucket(limit: RateLimit) -> Json:
    return {
        "entries": [{"key": limit.id, "value": _ON}, {"key": "remote_address"}],
        "token_bucket": {"max_tokens": limit.burst, "tokens_per_fill": limit.limit, "fill_interval": f"{limit.window_s}s"},
    }


def _actions(limit: RateLimit) -> Json:
    covered: dict[str, Any] = {
        "descriptor_key": limit.id,
        "metadata_key": {"key": METADATA, "path": [{"key": limit.id}]},
        "source": "ROUTE_ENTRY",
    }
    return {"actions": [{"metadata": covered}, {"remote_address": {}}]}
