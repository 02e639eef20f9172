"""Phases 5 to 7: consumers, the callers behind API keys, generated passwords and client certificates: their roles and limits.

A consumer's limit is a token bucket like those of `rate_limit`, one for each consumer and limit: every request in which the
consumer was verified and that was authorised (phases 0 to 6 passed) takes one token of each; without a token it is refused with
429 `throttle.limit` and `Retry-After`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gwc.controls.api_key import KeySpec
from gwc.controls.base import Node, Place
from gwc.controls.rate_limit import MAX_WINDOW_S
from gwc.controls.spec import HOST_NAME, Duration, Located, Name, Spec, whole_seconds
from gwc.diagnostics import Findings, Label

_SAN_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,2000}", re.ASCII)

Role = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
"""Visible ASCII without quotes and backslashes, like a scope (RFC 6749 3.3)."""


def _san_uri(text: str) -> str:
    if not _SAN_URI.fullmatch(text):
        raise ValueError(
            "a URI of a certificate has a scheme, for example spiffe://example.com/orders, and no quotes, blanks or backslashes"
        )
    return text


def _san_dns(text: str) -> str:
    if not HOST_NAME.fullmatch(text) or len(text) > 253:
        raise ValueError("a DNS name of a certificate is in lower case and has no wildcard: it stands for one consumer")
    return text


class CertificateSpec(Spec):
    """One name by which the consumer's certificates are known: a URI or a DNS name in the subject's alternative names."""

    uri: Annotated[str, AfterValidator(_san_uri)] | None = None
    dns: Annotated[str, AfterValidator(_san_dns)] | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.uri is None) == (self.dns is None):
            raise ValueError("a certificate is named by either `uri` or `dns`")
        return self


class ConsumerLimitSpec(Spec):
    """A limit of one consumer, over all operations."""

    LATER: ClassVar[tuple[str, ...]] = ("scope", "cost", "mode")

    id: Name
    limit: Annotated[int, Field(ge=1, le=1_000_000)]
    window: Duration
    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ConsumerSpec(Spec):
    """A caller. Several live keys make rotation overlap."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$")]
    keys: list[KeySpec] = []
    certificates: list[CertificateSpec] = []
    roles: list[Role] = []
    rate_limits: list[ConsumerLimitSpec] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerLimit:
    """A bucket of at most `burst` tokens that refills continuously at `limit / window_s` tokens per second."""

    id: str
    limit: int
    window_s: int
    burst: int

    @property
    def seconds_per_token(self) -> float:
        """How long one token takes to come back."""
        return self.window_s / self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer(Node):
    """Who a credential belongs to. `roles` are sorted; `limits` by id."""

    STEM: ClassVar[str] = "consumer"
    PLACE: ClassVar[Place] = "gateway[]"
    FIELD: ClassVar[str] = "consumers"

    id: str
    roles: tuple[str, ...]
    limits: tuple[ConsumerLimit, ...]


def lower(entries: Sequence[tuple[ConsumerSpec, Located]], findings: Findings) -> tuple[Consumer, ...]:
    """The consumers of all files, by id, each with its place; an id that stands twice is a finding."""
    found: dict[str, tuple[Consumer, Located]] = {}
    for spec, place in entries:
        if spec.id in found:
            first = Label(found[spec.id][1].at("id").span(), "first here")
            findings.error("GWC204", f"consumer {spec.id!r} is there twice", place.at("id").span(), first)
        limits = tuple(_limit(x, place.at("rateLimits", i), findings) for i, x in enumerate(spec.rate_limits))
        if len({x.id for x in limits}) < len(limits):
            findings.error("GWC501", f"two limits of {spec.id!r} have one id", place.at("rateLimits").span())
        found[spec.id] = (_consumer(spec, limits, place), place)
    return tuple(found[name][0] for name in sorted(found))


def _consumer(spec: ConsumerSpec, limits: tuple[ConsumerLimit, ...], place: Located) -> Consumer:
    ordered = tuple(sorted(limits, key=lambda x: x.id))
    return Consumer(at=place.at("id").span, id=spec.id, roles=tuple(sorted(set(spec.roles))), limits=ordered)


def _limit(spec: ConsumerLimitSpec, place: Located, findings: Findings) -> ConsumerLimit:
    window_s = whole_seconds(spec.window, place.at("window"), findings, 1, MAX_WINDOW_S)
    return ConsumerLimit(id=spec.id, limit=spec.limit, window_s=window_s, burst=spec.burst or spec.limit)


def _example(**changed: object) -> Consumer:
    return Consumer(**{"id": "acme", "roles": (), "limits": (), **changed})  # type: ignore[arg-type]


def _limited(**changed: object) -> Consumer:
    return _example(limits=(ConsumerLimit(**{"id": "all", "limit": 60, "window_s": 60, "burst": 10, **changed}),))  # type: ignore[arg-type]


EXAMPLES = (
    _example(),
    _example(roles=("partner",)),
    _limited(),
    _limited(id="other"),
    _limited(limit=30),
    _limited(window_s=120),
    _limited(burst=20),
)
