"""When a key is valid: moments as they stand in files, and what state a key is in. Every `_s` is seconds since 1970, UTC."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gwc.controls.api_key import NEVER_S, epoch_seconds, life_s
from gwc.controls.spec import milliseconds

if TYPE_CHECKING:
    from gwc.controls.api_key import KeySpec

SOON_S = 30 * 86_400
"""A key that ends within this time is warned of."""
NEVER = "never"


class State(StrEnum):
    """What can be said of a key at a moment."""

    LIVE = "live"
    EXPIRING = "expires within 30 days"
    NOT_YET = "not yet valid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Life:
    """A key is valid while `not_before_s <= now < expires_s`."""

    not_before_s: int
    expires_s: int

    def is_live(self, now_s: float) -> bool:
        """Whether a gateway with a right clock accepts the key."""
        return self.not_before_s <= now_s < self.expires_s

    def ends_soon(self, now_s: float) -> bool:
        """Whether the key's end is ahead, and at most 30 days away."""
        return now_s < self.expires_s <= now_s + SOON_S

    def state(self, now_s: float) -> State:
        """The one that matters most to the owner of the file."""
        if now_s >= self.expires_s:
            return State.EXPIRED
        if now_s < self.not_before_s:
            return State.NOT_YET
        return State.EXPIRING if self.ends_soon(now_s) else State.LIVE


def life_of(key: KeySpec) -> Life:
    """The life of a key of a consumers file."""
    return Life(*life_s(key))


def end(text: str, now_s: int) -> str | None:
    """The `expires` that `90d`, `2027-01-31` or `never` asks for, None for no end. Raises ValueError; the end is always ahead."""
    if text == NEVER:
        return None
    moment = text if "-" in text else written(now_s + seconds(text))
    if epoch_seconds(moment) <= now_s:
        raise ValueError(f"{moment} is not in the future")
    return moment


def seconds(text: str) -> int:
    """The length of a duration, at least one second and in whole ones. Raises ValueError."""
    length_ms = milliseconds(text)
    if length_ms < 1000 or length_ms % 1000:
        raise ValueError(f"{text} is not in whole seconds, or is less than one")
    return length_ms // 1000


def written(moment_s: int) -> str:
    """The moment as `2027-01-31T12:00:00Z`. Raises ValueError beyond the year 9999."""
    if moment_s >= NEVER_S:
        raise ValueError("that is after the year 9999")
    return dt.datetime.fromtimestamp(moment_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
