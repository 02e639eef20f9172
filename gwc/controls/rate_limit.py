"""Phase 4: token buckets by client address, before any cryptography.

A bucket holds at most `burst` tokens and refills continuously at `limit / window_s` tokens per second (GCRA, ITU-T I.371).
Every request that was routed (phases 0 to 3 passed) takes one token of every limit that covers its operation, whatever
becomes of it later; without a token it is refused with 429 `flood.limit` and `Retry-After` (whole seconds, at least 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from gwc.controls.base import Node, Place
from gwc.controls.selector import SelectorSpec
from gwc.controls.spec import Duration, Located, Name, Spec, whole_seconds
from gwc.diagnostics import Findings

MAX_WINDOW_S = 30 * 86_400


class OperationRateLimitSpec(Spec):
    """A limit of `operations.<id>`: covers this operation."""

    LATER: ClassVar[tuple[str, ...]] = ("scope", "cost", "mode")

    id: Name
    key: Annotated[list[str], Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=1_000_000)]
    window: Duration
    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class RateLimitSpec(OperationRateLimitSpec):
    """A limit of the policy: covers the operations that the selector chooses, or all."""

    operations: SelectorSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit(Node):
    """One bucket per client address for all covered operations together. `operations`: keys of operations, sorted, never empty.

    The address is that of the TCP peer. Counted per gateway instance.
    """

    STEM: ClassVar[str] = "rate_limit"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "rate_limits"

    id: str
    limit: int
    window_s: int
    burst: int
    operations: tuple[str, ...]

    @property
    def seconds_per_token(self) -> float:
        """How long one token takes to come back."""
        return self.window_s / self.limit


def lower(spec: OperationRateLimitSpec, operations: tuple[str, ...], place: Located, findings: Findings) -> RateLimit:
    """The limit for these operations (not empty). Findings for keys that this version can't count by."""
    if spec.key != ["client.ip"]:
        findings.error(
            "GWC021",
            "only key: [client.ip] is supported by this version of gwc",
            place.at("key").span(),
            help="limits by verified identity, parameters and composites are not yet supported",
        )
    return RateLimit(
        at=place.span,
        id=spec.id,
        limit=spec.limit,
        window_s=whole_seconds(spec.window, place.at("window"), findings, 1, MAX_WINDOW_S),
        burst=spec.burst or spec.limit,
        operations=operations,
    )


class BucketSize(Protocol):
    """What a bucket must know of its limit."""

    @property
    def burst(self) -> int:
        """The most tokens that it holds."""
        ...

    @property
    def seconds_per_token(self) -> float:
        """How long one token takes to come back."""
        ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left in the bucket of one caller: `tokens` at the moment `at_s`."""

    tokens: float
    at_s: float


def full(limit: BucketSize, now_s: float) -> Bucket:
    """The bucket of an address that was never seen."""
    return Bucket(float(limit.burst), now_s)


def take(limit: BucketSize, bucket: Bucket, now_s: float) -> Bucket | None:
    """The bucket after one token was taken, or None when there is none to take."""
    tokens = min(float(limit.burst), bucket.tokens + (now_s - bucket.at_s) / limit.seconds_per_token)
    return Bucket(tokens - 1, now_s) if tokens >= 1 else None


_OPS = ("orders.getOrder",)
EXAMPLES = (
    RateLimit(id="per-ip", limit=300, window_s=60, burst=50, operations=_OPS),
    RateLimit(id="other", limit=300, window_s=60, burst=50, operations=_OPS),
    RateLimit(id="per-ip", limit=240, window_s=60, burst=50, operations=_OPS),
    RateLimit(id="per-ip", limit=300, window_s=120, burst=50, operations=_OPS),
    RateLimit(id="per-ip", limit=300, window_s=60, burst=40, operations=_OPS),
)
