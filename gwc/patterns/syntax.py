"""The syntax tree of an expression. Groups leave no trace: without backreferences, capturing changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gwc.patterns.code_points import Ranges


@dataclass(frozen=True, slots=True)
class Chars:
    """One code point out of `ranges`; none matches when they are empty."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; without parts: the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of at least two options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`body` at least `low` times and at most `high` (None: any number). `column` is that of the quantifier."""

    body: Node
    low: int
    high: int | None
    column: int


@dataclass(frozen=True, slots=True)
class Look:
    """What follows (`ahead`), or what ends here, matches `body`; or does not (`negative`). Takes nothing."""

    body: Node
    ahead: bool
    negative: bool
    column: int


@dataclass(frozen=True, slots=True)
class Edge:
    r"""`start` ^, `end` $, `boundary` \b, `inside` \B. Takes nothing."""

    kind: Literal["start", "end", "boundary", "inside"]
    column: int


Node = Chars | Sequence | Choice | Repeat | Look | Edge

EMPTY = Sequence(())
