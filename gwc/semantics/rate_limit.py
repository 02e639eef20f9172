"""Phase 4: buckets by client address."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from gwc.controls.rate_limit import Bucket, RateLimit, full, take
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics.answers import Fault, fault


@dataclass(slots=True)
class State:
    """What one running gateway remembers: the bucket of each (limit, client address)."""

    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)


def count(gateway: Gateway, operation: Operation, client: str, now_s: float, state: State) -> Iterator[Fault]:
    """Takes a token of every limit that covers the operation; 429 for each that has none."""
    for limit in gateway.rate_limits:
        if operation.key in limit.operations:
            yield from _count(limit, client, now_s, state)


def _count(limit: RateLimit, client: str, now_s: float, state: State) -> Iterator[Fault]:
    bucket = state.buckets.get((limit.id, client), full(limit, now_s))
    after = take(limit, bucket, now_s)
    if after is None:
        yield fault("flood.limit", ("retry-after", str(_wait_s(limit, bucket, now_s))))
    else:
        state.buckets[limit.id, client] = after


def _wait_s(limit: RateLimit, bucket: Bucket, now_s: float) -> int:
    missing = 1 - bucket.tokens - (now_s - bucket.at_s) / limit.seconds_per_token
    return max(1, math.ceil(missing * limit.seconds_per_token))
