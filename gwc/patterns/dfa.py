"""A deterministic automaton over the bytes of UTF-8 texts."""

from __future__ import annotations

from dataclasses import dataclass

DEAD = 0
"""The state that refuses whatever follows."""

FOUND = 1
"""The state that accepts whatever follows."""


@dataclass(frozen=True, slots=True)
class Dfa:
    """Runs over the bytes of a text that is valid UTF-8; accepts if it ends in a state of `accepting`.

    States are numbers. 0 refuses and 1 accepts whatever follows, so a run may stop below 2; both always exist, reachable or not.
    `start`: 0, 1 or 2. `classes`: 256 bytes, the class of each byte, numbered from 0 in the order of their first bytes.
    `rows[state - 2][class]` is the next state; states are numbered in the order in which a breadth-first search over the classes finds them.
    `accepting`: always with 1, never with 0. What it makes of bytes that are no UTF-8 is not defined.
    """

    start: int
    classes: bytes
    rows: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]

    @property
    def width(self) -> int:
        """The number of classes."""
        return max(self.classes) + 1

    @property
    def states(self) -> int:
        """The number of states that can be reached, with that for failure."""
        return len(self.rows) + 2

    def all_rows(self) -> tuple[tuple[int, ...], ...]:
        """The rows by state: those of 0 and 1, which stay where they are, and `rows`."""
        return ((DEAD,) * self.width, (FOUND,) * self.width, *self.rows)

    def run(self, state: int, data: bytes) -> int:
        """The state behind `data`."""
        classes, rows = self.classes, self.rows
        for byte in data:
            if state < 2:
                break
            state = rows[state - 2][classes[byte]]
        return state

    def accepts(self, data: bytes) -> bool:
        """Whether the automaton accepts a text. The time is linear in its length."""
        return self.run(self.start, data) in self.accepting
