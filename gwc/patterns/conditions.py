"""Expressions that say several things at once, and are too large for one automaton, as several conditions."""

from __future__ import annotations

from dataclasses import dataclass

from gwc.patterns.error import PatternError
from gwc.patterns.parser import leading_lookaheads, parse
from gwc.patterns.pattern import compile_pattern
from gwc.patterns.syntax import Chars, Choice, Edge, Repeat, Sequence


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of `patterns` are found, and the text has at least `min_length` and at most `max_length` code points (None: any number).

    Every pattern compiles. There is at least one.
    """

    patterns: tuple[str, ...]
    min_length: int = 0
    max_length: int | None = None


def conditions(text: str) -> Conditions:
    """What an expression demands: itself where it fits into one automaton. Raises `PatternError` as `compile_pattern` does.

    Otherwise lookaheads behind a leading `^` are expressions of their own, and `x{m,n}$` behind them, x being a class, is `x*$` and a length.
    """
    try:
        compile_pattern(text)
    except PatternError:
        found = _split(text)
        if found is None or not all(map(_compiles, found.patterns)):
            raise
        return found
    return Conditions((text,))


def _compiles(text: str) -> bool:
    try:
        compile_pattern(text)
    except PatternError:
        return False
    return True


def _split(text: str) -> Conditions | None:
    tree = parse(text)
    if isinstance(tree, Choice):
        return None
    found = leading_lookaheads(text)
    if found is None:
        return None
    looks, at = found
    counted = _counted(text, at)
    rest = counted or Conditions((f"^{text[at:]}",))
    if not looks and counted is None:
        return None
    return Conditions((*(f"^{look}" for look in looks), *rest.patterns), rest.min_length, rest.max_length)


def _counted(text: str, at: int) -> Conditions | None:
    """What stands behind the lookaheads, if it is a counted class up to the end."""
    rest = parse(" " * at + text[at:])
    parts = rest.parts[at:] if isinstance(rest, Sequence) else ()
    if len(parts) != 2 or not isinstance(parts[0], Repeat) or not isinstance(parts[1], Edge) or parts[1].kind != "end":
        return None
    if not isinstance(parts[0].body, Chars):
        return None
    return Conditions((f"^{text[at : parts[0].column - 1]}*$",), parts[0].low, parts[0].high)
