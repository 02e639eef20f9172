"""Sets of code points as automata over the bytes of their UTF-8 forms."""

from __future__ import annotations

from functools import lru_cache

from gwc.patterns.code_points import Ranges, without_surrogates

# Per length of the form: first lead byte, first and last code point, and the number of values that lead and continuation bytes can spell.
_FORMS = ((0x00, 0, 0x7F, 0x80), (0xC0, 0x80, 0x7FF, 0x800), (0xE0, 0x800, 0xFFFF, 0x10000), (0xF0, 0x10000, 0x10FFFF, 0x200000))


class Bytes:
    """A state: which bytes lead on, and where to. `DONE` is the end of a character.

    `next`: 256 states, None where the byte leads nowhere. `cuts`: first bytes of the runs that lead to one state, and of the gaps.
    """

    __slots__ = ("cuts", "next")

    def __init__(self, runs: tuple[tuple[int, int, Bytes], ...] = ()) -> None:
        self.next: list[Bytes | None] = [None] * 256
        cuts = {0}
        for low, high, target in runs:
            self.next[low : high + 1] = [target] * (high - low + 1)
            cuts.update((low, high + 1))
        self.cuts = tuple(sorted(cuts - {256}))


DONE = Bytes()

ANY_BYTE = Bytes(((0, 255, DONE),))
"""One byte, which may be a part of a character."""


@lru_cache(maxsize=64)  # a tree of a large property takes about a megabyte
def byte_tree(ranges: Ranges) -> Bytes:
    """The automaton of one character out of `ranges`, for texts that are valid UTF-8.

    Bytes that valid UTF-8 doesn't have (surrogates, overlong forms, beyond U+10FFFF) may be accepted where that makes it smaller.
    """
    known: dict[tuple[int, Ranges], Bytes] = {}
    runs: list[tuple[int, int, Bytes]] = []
    scalars = _over_surrogates(without_surrogates(ranges))
    for length, (lead, first, last, values) in enumerate(_FORMS):
        part = _stretched(scalars, first, last, values)
        runs.extend((lead + low, lead + high, state) for low, high, state in _runs(part, length, known))
    return Bytes(tuple(runs))


def _over_surrogates(ranges: Ranges) -> Ranges:
    """Surrogates never occur: ranges that end and start beside them are one."""
    for at, (low, high) in enumerate(ranges[:-1]):
        if high == 0xD7FF and ranges[at + 1][0] == 0xE000:
            return (*ranges[:at], (low, ranges[at + 1][1]), *ranges[at + 2 :])
    return ranges


def _stretched(ranges: Ranges, first: int, last: int, values: int) -> Ranges:
    """The ranges within [first, last], stretched over values that only invalid UTF-8 could spell."""
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if low <= last and high >= first:
            found.append((0 if low <= first else low, values - 1 if high >= last else high))
    return tuple(found)


def _runs(ranges: Ranges, length: int, known: dict[tuple[int, Ranges], Bytes]) -> list[tuple[int, int, Bytes]]:
    """Runs of lead digits (base 64) and the states behind them, for values that `length` more digits complete."""
    if length == 0:
        return [(low, high, DONE) for low, high in ranges]
    size = 64**length
    blocks: dict[int, list[tuple[int, int]]] = {}
    runs: list[tuple[int, int, Bytes]] = []
    for low, high in ranges:
        first, last = low // size, high // size
        if first == last:
            blocks.setdefault(first, []).append((low % size, high % size))
            continue
        blocks.setdefault(first, []).append((low % size, size - 1))
        blocks.setdefault(last, []).append((0, high % size))
        if last - first > 1:
            runs.append((first + 1, last - 1, _state(((0, size - 1),), length, known)))
    runs.extend((block, block, _state(tuple(parts), length, known)) for block, parts in blocks.items())
    return _joined(runs)


def _state(ranges: Ranges, length: int, known: dict[tuple[int, Ranges], Bytes]) -> Bytes:
    key = (length, ranges)
    state = known.get(key)
    if state is None:
        runs = _runs(ranges, length - 1, known)
        state = known[key] = Bytes(tuple((0x80 + low, 0x80 + high, target) for low, high, target in runs))
    return state


def _joined(runs: list[tuple[int, int, Bytes]]) -> list[tuple[int, int, Bytes]]:
    """Neighbours with one state become one run."""
    joined: list[tuple[int, int, Bytes]] = []
    for low, high, state in sorted(runs, key=lambda run: run[0]):
        if joined and joined[-1][1] == low - 1 and joined[-1][2] is state:
            joined[-1] = (joined[-1][0], high, state)
        else:
            joined.append((low, high, state))
    return joined
