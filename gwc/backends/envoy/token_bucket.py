"""Token buckets: `local_ratelimit` filters that mark requests, and one RBAC filter behind them that refuses what is marked.

Enforced in one filter, an exhausted limit would keep the others from taking their token (measured: the slowest bucket is asked
first, and the rest only if it has one). Buckets are shared by all workers and refill continuously: those of the controls. They live
in the filter's configuration: limits in the configuration of routes would give each route buckets of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gwc.backends.envoy.document import HTTP_FILTER, PRESENT, Json, extension, header, rules
from gwc.controls.rate_limit import BucketSize

MAX_TOKENS = 2**32 - 1
ON = "on"

_UNLIMITED = {"max_tokens": MAX_TOKENS, "tokens_per_fill": MAX_TOKENS, "fill_interval": "1s"}


def counter(name: str, mark: str, buckets: Sequence[Json], actions: Sequence[Json], **more: Any) -> Json:
    """The filter that takes tokens, and sets the header `mark` where there is none. What matches none of `buckets` is not counted."""
    return extension(
        name,
        HTTP_FILTER + "local_ratelimit.v3.LocalRateLimit",
        stat_prefix="gwc_rate_limit",
        token_bucket=_UNLIMITED,
        filter_enabled=_percent(100),  # the default is 0: nothing would be counted
        filter_enforced=_percent(0),
        request_headers_to_add_when_not_enforced=[header(mark, ON)],
        always_consume_default_token_bucket=False,
        descriptors=list(buckets),
        rate_limits=[{"actions": list(actions)}],
        **more,
    )


def judge(name: str, marks: Sequence[str]) -> Json:
    """The filter that refuses marked requests: each mark is the name of a policy."""
    marked = {mark: [{"header": {"name": mark, **PRESENT}}] for mark in marks}
    return extension(name, HTTP_FILTER + "rbac.v3.RBAC", rules=rules("DENY", marked))


def bucket(entries: Sequence[Json], size: Any) -> Json:
    """The bucket of requests with these descriptor entries; `size` is a `RateLimit` or a `ConsumerLimit`."""
    tokens = {"max_tokens": size.burst, "tokens_per_fill": size.limit, "fill_interval": f"{size.window_s}s"}
    return {"entries": list(entries), "token_bucket": tokens}


def wait_s(size: BucketSize) -> int:
    """The seconds that a refused client should wait: as long as one token takes."""
    return max(1, math.ceil(size.seconds_per_token))


def _percent(share: int) -> Json:
    return {"default_value": {"numerator": share, "denominator": "HUNDRED"}}
