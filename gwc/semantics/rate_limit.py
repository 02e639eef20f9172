"""Phase 4: buckets by client address, and what else a gateway remembers from one request to the next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from gwc.controls.rate_limit import Bucket, BucketSize, full, take
from gwc.ir.gateway import Gateway, Operation
from gwc.semantics.answers import Fault, fault
from gwc.semantics.key_set import KeySet


@dataclass(slots=True)
class State:
    """What one running gateway remembers: the bucket of each (limit, whose), and the key sets that it fetched or read, by scheme."""

    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    key_sets: dict[str, KeySet] = field(default_factory=dict)


def count(gateway: Gateway, operation: Operation, client: str, now_s: float, state: State) -> Iterator[Fault]:
    """Takes a token of every limit that covers the operation; 429 for each that has none."""
    for limit in gateway.rate_limits:
        if operation.key in limit.operations:
            yield from take_token(limit, (limit.id, client), "flood.limit", now_s, state)


def take_token(limit: BucketSize, key: tuple[str, str], reason: str, now_s: float, state: State) -> Iterator[Fault]:
    """Takes a token out of the bucket `key`, or a fault with this reason."""
    bucket = state.buckets.get(key, full(limit, now_s))
    after = take(limit, bucket, now_s)
    if after is None:
        yield fault(reason, ("retry-after", str(_wait_s(limit, bucket, now_s))))
    else:
        state.buckets[key] = after


def _wait_s(limit: BucketSize, bucket: Bucket, now_s: float) -> int:
    missing = 1 - bucket.tokens - (now_s - bucket.at_s) / limit.seconds_per_token
    return max(1, math.ceil(missing * limit.seconds_per_token))
