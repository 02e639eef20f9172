"""Whether two automata accept the same texts."""

from __future__ import annotations

from gwc.patterns.dfa import Dfa

# Well-formed UTF-8 (Unicode, table 3-7): by state, runs `(first byte, last byte, next state)`; state 0 is between characters.
_WELL_FORMED: tuple[tuple[tuple[int, int, int], ...], ...] = (
    (
        (0x00, 0x7F, 0), (0xC2, 0xDF, 1), (0xE0, 0xE0, 4), (0xE1, 0xEC, 2), (0xED, 0xED, 5), (0xEE, 0xEF, 2), (0xF0, 0xF0, 6), (0xF1, 0xF3, 3),
        (0xF4, 0xF4, 7),
    ),
    ((0x80, 0xBF, 0),),
    ((0x80, 0xBF, 1),),
    ((0x80, 0xBF, 2),),
    ((0xA0, 0xBF, 1),),
    ((0x80, 0x9F, 1),),
    ((0x90, 0xBF, 2),),
    ((0x80, 0x8F, 2),),
)  # fmt: skip


def same_language(one: Dfa, other: Dfa) -> bool:
    """Whether both accept the same texts of valid UTF-8."""
    letters = _letters(one, other)
    rows, other_rows = one.all_rows(), other.all_rows()
    seen = {(one.start, other.start, 0)}
    waiting = list(seen)
    while waiting:
        first, second, form = waiting.pop()
        if form == 0 and (first in one.accepting) != (second in other.accepting):
            return False
        if first == second and first < 2:
            continue
        for letter, other_letter, following in letters[form]:
            place = (rows[first][letter], other_rows[second][other_letter], following)
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    return True


def _letters(one: Dfa, other: Dfa) -> list[set[tuple[int, int, int]]]:
    """By state of the form: the classes of its bytes in both automata, and the next state."""
    return [
        {(one.classes[byte], other.classes[byte], following) for low, high, following in runs for byte in range(low, high + 1)}
        for runs in _WELL_FORMED
    ]
