"""How many ways a backtracking engine can read one text: the proof that it stays linear."""

from __future__ import annotations

from collections import Counter

from gwc.patterns.program import At, Char, Program, Split
from gwc.patterns.utf8 import DONE, Bytes

MAX_VECTORS = 2_000
"""Different sets of ways that are looked at before the proof is given up."""

_Vector = frozenset[tuple[tuple[Bytes, int], int]]  # where a way stands, and how many ways stand there


def has_few_runs(program: Program, limit: int) -> bool:
    """Whether every prefix of every text, read from where a search starts, is read in at most `limit` ways.

    A backtracking engine takes each step of each way once, so it needs at most `limit` steps per character. False also when the proof
    would take too long, or for programs with lookarounds.
    """
    start = program.code[program.start]
    assert isinstance(start, Split)
    ways = _arrivals(program, start.targets[0], limit, at_start=True)
    first = None if ways is None else frozenset(ways.items())
    seen: set[_Vector | None] = {first}
    waiting = [first]
    while waiting:
        vector = waiting.pop()
        if vector is None or len(seen) > MAX_VECTORS:
            return False
        for byte in {cut for (state, _), _ in vector for cut in state.cuts}:
            following = _step(program, vector, byte, limit)
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return True


def _step(program: Program, vector: _Vector, byte: int, limit: int) -> _Vector | None:
    ways: Counter[tuple[Bytes, int]] = Counter()
    for (state, following), count in vector:
        target = state.next[byte]
        if target is DONE:
            arrivals = _arrivals(program, following, limit, at_start=False)
            if arrivals is None:
                return None
            for place, more in arrivals.items():
                ways[place] += more * count
        elif target is not None:
            ways[target, following] += count
    return frozenset(ways.items()) if ways.total() <= limit else None


def _arrivals(program: Program, place: int, limit: int, *, at_start: bool) -> Counter[tuple[Bytes, int]] | None:
    """The ways from a place to the next characters; None if there are too many, or if lookarounds stand there."""
    ways: Counter[tuple[Bytes, int]] = Counter()
    waiting = [place]
    steps = 0
    while waiting:
        instruction = program.code[waiting.pop()]
        steps += 1
        if steps > 64 * limit:
            return None
        if isinstance(instruction, Split):
            waiting.extend(instruction.targets)
        elif isinstance(instruction, Char):
            ways[instruction.tree, instruction.next] += 1
        elif isinstance(instruction, At) and instruction.edge.kind == "start":
            waiting.extend([instruction.next] if at_start else [])
        elif isinstance(instruction, At) and instruction.edge.kind != "end":
            return None
    return ways if ways.total() <= limit else None
