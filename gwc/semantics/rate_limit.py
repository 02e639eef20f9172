"""Phases 4, 7 and 9: limits, and what else a gateway remembers from one request to the next."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from gwc.controls.rate_limit import Bucket, BucketSize, Phase, RateLimit, full, refilled, take
from gwc.semantics.answers import Fault, Headers, fault
from gwc.semantics.key_set import KeySet
from gwc.semantics.rate_key import Counted, key_of


@dataclass(slots=True)
class State:
    """What one running gateway remembers: the bucket of each (limit, whose), and the key sets that it fetched or read, by scheme."""

    buckets: dict[tuple[str, Hashable], Bucket] = field(default_factory=dict)
    key_sets: dict[str, KeySet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the limits of a phase say. `told`: (RateLimit-Policy member, RateLimit member) of those that announce themselves, in their order."""

    faults: tuple[Fault, ...] = ()
    told: tuple[tuple[str, str], ...] = ()


def count(counted: Counted, phase: Phase, now_s: float, state: State) -> Tally:
    """Takes the tokens of every limit of the phase that covers the operation; 429 for each that has too few."""
    faults: list[Fault] = []
    told: list[tuple[str, str]] = []
    for limit in counted.gateway.rate_limits:
        cost = dict(limit.costs).get(counted.operation.key)
        if cost is None or limit.phase != phase:
            continue
        key = (limit.id, key_of(limit, counted))
        at_s = _start_of_window(limit, now_s)
        faults += take_tokens(limit, key, limit.reason, at_s, state, cost, now_s)
        if limit.has_fields:
            told.append(_members(limit, state.buckets.get(key, full(limit, at_s)), now_s))
    return Tally(tuple(faults), tuple(told))


def answer_fields(*tallies: Tally) -> Headers:
    """RateLimit-Policy and RateLimit of an answer; none where no limit announces itself (draft-ietf-httpapi-ratelimit-headers-10)."""
    members = [pair for tally in tallies for pair in tally.told]
    if not members:
        return ()
    return (("ratelimit-policy", ", ".join(p for p, _ in members)), ("ratelimit", ", ".join(r for _, r in members)))


def told_faults(tally: Tally, *earlier: Tally) -> tuple[Fault, ...]:
    """The faults, whose answers announce the limits of this phase and the earlier ones."""
    fields = answer_fields(*earlier, tally)
    return tuple(replace(one, headers=(*one.headers, *fields)) for one in tally.faults)


def take_tokens(
    limit: BucketSize, key: tuple[str, Hashable], reason: str, at_s: float, state: State, cost: int = 1, now_s: float | None = None
) -> Iterator[Fault]:
    """Takes tokens out of the bucket `key` as of the moment `at_s`, or a fault with this reason."""
    bucket = state.buckets.get(key, full(limit, at_s))
    after = take(limit, bucket, at_s, cost)
    if after is None:
        wait_s = _wait_s(limit, refilled(limit, bucket, at_s), cost) - ((now_s or at_s) - at_s)
        yield fault(reason, ("retry-after", str(max(1, math.ceil(wait_s)))))
    if after is not None or at_s < bucket.at_s:
        state.buckets[key] = after or refilled(limit, bucket, at_s)


def _wait_s(limit: BucketSize, bucket: Bucket, tokens: int) -> float:
    """Until there are so many tokens; where a window starts anew, that is at its end."""
    if isinstance(limit, RateLimit) and limit.algorithm == "fixedWindow":
        return float(limit.window_s)
    return (tokens - bucket.tokens) * limit.seconds_per_token


def _start_of_window(limit: RateLimit, now_s: float) -> float:
    """The moment as of which a limit counts. As of the start of its window, a bucket of one window's tokens is full again a window later."""
    return now_s - now_s % limit.window_s if limit.algorithm == "fixedWindow" else now_s


def _members(limit: RateLimit, bucket: Bucket, now_s: float) -> tuple[str, str]:
    found = refilled(limit, bucket, _start_of_window(limit, now_s))
    left = math.floor(found.tokens + 1e-9)
    wait_s = _wait_s(limit, found, left + 1) - (now_s - found.at_s)
    return f'"{limit.id}";q={limit.limit};w={limit.window_s}', f'"{limit.id}";r={left};t={max(1, math.ceil(wait_s))}'
