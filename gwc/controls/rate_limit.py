"""Phases 4, 7 and 9: token buckets by client address, by verified identity and by what a request says; docs/rate-limits.md is the contract.

A bucket holds at most `burst` tokens and refills continuously at `limit / window_s` tokens per second (GCRA, ITU-T I.371). A request that
comes as far as the limit's phase takes the tokens that its operation costs, of every limit of the phase that covers it, also after another one has
refused; a bucket with fewer tokens loses none and refuses with 429 and `Retry-After` (whole seconds, at least 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import AfterValidator, Field

from gwc.controls.base import Node, Place
from gwc.controls.rate_limit_key import BodyKey, ClaimKey, ClientAddress, CookieKey, HeaderKey, KeyPart, part_text, read_part
from gwc.controls.selector import SelectorSpec
from gwc.controls.side import ConsumerSide, PathSide
from gwc.controls.spec import Duration, Name, Spec

MAX_WINDOW_S = 30 * 86_400
MAX_REFILL_S = 45 * 86_400
"""The longest that an empty bucket may take to be full again: so long every store remembers it."""
DEFAULT_IPV6_PREFIX = 64
DEFAULT_MAX_KEYS = 100_000
Tokens = Annotated[int, Field(ge=1, le=1_000_000)]
Algorithm = Literal["tokenBucket", "fixedWindow"]
StoreFailure = Literal["deny", "allow"]
Phase = Literal["flood", "throttle", "body"]


class CostSpec(Spec):
    """What requests to some operations cost."""

    operations: SelectorSpec
    tokens: Tokens


def _key(parts: list[str]) -> list[str]:
    read = [part_text(read_part(text, DEFAULT_IPV6_PREFIX)) for text in parts]
    twice = sorted({text for text in read if read.count(text) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is there twice")
    return parts


class OperationRateLimitSpec(Spec):
    """A limit of `operations.<id>`: covers this operation."""

    LATER: ClassVar[tuple[str, ...]] = ("mode",)

    id: Name
    key: Annotated[list[str], Field(min_length=1, max_length=8), AfterValidator(_key)]
    limit: Tokens
    window: Duration
    burst: Tokens | None = None
    ipv6_prefix: Annotated[int, Field(ge=1, le=128)] | None = None
    cost: Tokens | Annotated[list[CostSpec], Field(min_length=1)] = 1
    fields: Literal["none", "ietf-10"] = "none"
    max_keys: Annotated[int, Field(ge=100, le=10_000_000)] = DEFAULT_MAX_KEYS
    scope: Literal["instance", "cluster"] = "instance"
    algorithm: Algorithm = "tokenBucket"
    on_store_failure: StoreFailure | None = None


class RateLimitSpec(OperationRateLimitSpec):
    """A limit of the policy: covers the operations that the selector chooses, or all."""

    operations: SelectorSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit(Node):
    """One bucket for each value of `key`, for all covered operations together.

    `key`: sorted by `part_text`, without two equal parts: two requests share a bucket exactly when each part has the same value or is absent in both.
    `costs`: (operation key, tokens), sorted, never empty: the covered operations. No cost is above `burst`.
    `has_fields`: forwarded answers and those of phase 4, 7 and 9 with 429 have RateLimit-Policy and RateLimit
    (draft-ietf-httpapi-ratelimit-headers-10), a member for each such limit that counted the request, by id.
    `max_keys`: how many buckets can be remembered at once. `store_failure`: None: counted per gateway instance; otherwise in the store that the instances
    share, and what becomes of a request when the store fails: refused with 503 `internal.unavailable`, or not counted.
    `algorithm`: `fixedWindow` counts `limit` tokens in each window since 1970 and is for shared stores; its `burst` is `limit`.
    """

    STEM: ClassVar[str] = "rate_limit"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "rate_limits"

    id: str
    key: tuple[KeyPart, ...]
    limit: int
    window_s: int
    burst: int
    costs: tuple[tuple[str, int], ...]
    has_fields: bool
    max_keys: int
    algorithm: Algorithm
    store_failure: StoreFailure | None

    @property
    def operations(self) -> tuple[str, ...]:
        """The keys of the covered operations, sorted."""
        return tuple(key for key, _ in self.costs)

    @property
    def phase(self) -> Phase:
        """Where it is counted: before any cryptography, after authorisation, or after validation."""
        if all(isinstance(part, ClientAddress) for part in self.key):
            return "flood"
        return "body" if any(isinstance(part, BodyKey) for part in self.key) else "throttle"

    @property
    def ipv6_prefix(self) -> int | None:
        """How many bits of an IPv6 address count; None: the limit does not count by addresses."""
        return next((part.ipv6_prefix for part in self.key if isinstance(part, ClientAddress)), None)

    @property
    def reason(self) -> str:
        """The reason code of a refusal."""
        return "flood.limit" if self.phase == "flood" else "throttle.limit"

    @property
    def is_minted(self) -> bool:
        """Whether a caller without an identity of his own can make as many keys as he likes: all of them are what he says or where he comes from."""
        return all(isinstance(part, ClientAddress | HeaderKey | CookieKey | BodyKey | PathSide) for part in self.key)

    @property
    def seconds_per_token(self) -> float:
        """How long one token takes to come back."""
        return self.window_s / self.limit


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
    """The bucket of a key that was never seen."""
    return Bucket(float(limit.burst), now_s)


def refilled(limit: BucketSize, bucket: Bucket, now_s: float) -> Bucket:
    """The bucket at this moment. A clock that was set back empties it as its going on had filled it: to nothing at most, never fuller."""
    tokens = bucket.tokens + (now_s - bucket.at_s) / limit.seconds_per_token
    return Bucket(max(0.0, min(float(limit.burst), tokens)), now_s)


def take(limit: BucketSize, bucket: Bucket, now_s: float, cost: int = 1) -> Bucket | None:
    """The bucket after `cost` tokens were taken, or None when there are fewer."""
    found = refilled(limit, bucket, now_s)
    return Bucket(found.tokens - cost, now_s) if found.tokens >= cost else None


_ADDRESS = ClientAddress(ipv6_prefix=DEFAULT_IPV6_PREFIX)
_BASE = RateLimit(
    id="per-ip",
    key=(_ADDRESS,),
    limit=300,
    window_s=60,
    burst=50,
    costs=(("orders.getOrder", 1),),
    has_fields=False,
    max_keys=DEFAULT_MAX_KEYS,
    algorithm="tokenBucket",
    store_failure=None,
)
EXAMPLES = (
    _BASE,
    replace(_BASE, id="other"),
    replace(_BASE, limit=240),
    replace(_BASE, window_s=120),
    replace(_BASE, burst=40),
    replace(_BASE, costs=(("orders.getOrder", 2),)),
    replace(_BASE, has_fields=True),
    replace(_BASE, max_keys=1000),
    replace(_BASE, algorithm="fixedWindow"),
    replace(_BASE, store_failure="deny"),
    replace(_BASE, store_failure="allow"),
    *(
        replace(_BASE, key=key)
        for key in (
            (ClientAddress(ipv6_prefix=48),),
            (ConsumerSide(),),
            (ClaimKey(name="sub"),),
            (ClaimKey(name="iss"),),
            (PathSide(name="orderId"),),
            (HeaderKey(name="x-tenant"),),
            (HeaderKey(name="x-client"),),
            (CookieKey(name="session"),),
            (CookieKey(name="tenant"),),
            (BodyKey(path=("user",)),),
            (BodyKey(path=("user", "name")),),
            (_ADDRESS, ClaimKey(name="sub")),
        )
    ),
)
