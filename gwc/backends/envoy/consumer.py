"""Consumers: their roles are data of the Lua filter `gwc.access`, their limits are buckets of filters behind it.

The first filter has the buckets of every consumer's first limit, the second those of the second, and so on: in one filter, an
exhausted limit would keep the others from taking their token. A request is counted by X-Gwc-Consumer, which clients can't
send and `gwc.access` sets before it lets a request go on: who is refused before takes no token, and who has no limit is in no bucket.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gwc.backends.base import Unenforceable
from gwc.backends.envoy import chain, token_bucket
from gwc.backends.envoy.document import Json
from gwc.controls.consumer import Consumer
from gwc.controls.forwarding import CONSUMER

_MARK = "x-gwc-quota-"
_KEY = "consumer"


def emit(consumers: Sequence[Consumer]) -> list[Json]:
    """The filters; none where no consumer has a limit."""
    numbered = list(enumerate(marks(consumers)))
    return (
        [*(_counter(consumers, i, mark) for i, mark in numbered), token_bucket.judge(chain.THROTTLE, marks(consumers))] if numbered else []
    )


def lua_data(consumers: Sequence[Consumer]) -> Json:
    """Consumer -> roles, and number of each limit -> the seconds that one token takes, as a text."""
    return {c.id: {"roles": dict.fromkeys(c.roles, True), "waits": _waits(c)} for c in consumers}


def marks(consumers: Sequence[Consumer]) -> list[str]:
    """The headers that mark a request, in the order of the filters. Those of clients are removed."""
    return [f"{_MARK}{i:04d}" for i in range(max((len(c.limits) for c in consumers), default=0))]


def policies(consumers: Sequence[Consumer]) -> list[tuple[str, str]]:
    """What the refusing filter calls each mark, and how Envoy's formats name the seconds that the consumer should wait."""
    return [(mark, f"%DYNAMIC_METADATA({chain.WAITS}:{i})%") for i, mark in enumerate(marks(consumers))]


def check(consumers: Sequence[Consumer]) -> Iterator[Unenforceable]:
    """What Envoy can't enforce."""
    for consumer in consumers:
        if any(max(limit.limit, limit.burst) > token_bucket.MAX_TOKENS for limit in consumer.limits):
            why = f"Envoy counts to {token_bucket.MAX_TOKENS}"
            yield Unenforceable(consumer.span, consumer.STEM, "limits", why, "use a smaller limit")


def filter_names(consumers: Sequence[Consumer]) -> list[str]:
    """The filters, in their order."""
    counters = [_filter_name(i) for i, _ in enumerate(marks(consumers))]
    return [*counters, chain.THROTTLE] if counters else []


def _filter_name(number: int) -> str:
    return f"{chain.QUOTA}.{number}"


def _waits(consumer: Consumer) -> Json:
    return {str(i): str(token_bucket.wait_s(limit)) for i, limit in enumerate(consumer.limits)}


def _counter(consumers: Sequence[Consumer], number: int, mark: str) -> Json:
    limited = [(c.id, c.limits[number]) for c in consumers if number < len(c.limits)]
    buckets = [token_bucket.bucket([{"key": _KEY, "value": name}], limit) for name, limit in limited]
    action = {"request_headers": {"header_name": CONSUMER, "descriptor_key": _KEY}}
    return token_bucket.counter(_filter_name(number), mark, buckets, [action])
