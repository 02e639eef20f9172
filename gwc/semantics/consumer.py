"""Phase 7: buckets of consumers."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.ir.gateway import Gateway
from gwc.semantics.answers import Fault
from gwc.semantics.rate_limit import State, take_tokens


def count(gateway: Gateway, consumer: str, now_s: float, state: State) -> Iterator[Fault]:
    """Takes a token of every limit of the consumer; 429 for each that has none."""
    for limit in next((c.limits for c in gateway.consumers if c.id == consumer), ()):
        yield from take_tokens(limit, (f"consumer:{limit.id}", consumer), "throttle.limit", now_s, state)
