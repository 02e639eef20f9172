"""What a request has, as rules compare it (`equal`) and limits count by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSide:
    """A parameter of the operation's path template, percent-decoded once."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSide:
    """The id of the verified consumer."""
