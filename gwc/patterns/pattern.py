"""Expressions, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gwc.patterns.determinise import determinise
from gwc.patterns.dfa import Dfa
from gwc.patterns.error import PatternError
from gwc.patterns.minimise import minimise
from gwc.patterns.parser import parse
from gwc.patterns.program import assemble
from gwc.patterns.syntax import Choice, Look, Node, Repeat, Sequence


@dataclass(frozen=True)
class Pattern:
    """An ECMA-262 expression with flag u, as JSON Schema uses it: it must be found somewhere in the text."""

    source: str
    dfa: Dfa

    def matches(self, text: str) -> bool:
        """Whether the expression is found in the text, in time linear in its length. Lone surrogates are in no text: ValueError."""
        return self.dfa.accepts(text.encode())


@lru_cache(maxsize=4096)
def compile_pattern(text: str) -> Pattern:
    """The expression, compiled. Raises `PatternError`: it is none of ECMA-262 with flag u, or can't be matched exactly and in bounded time."""
    tree = parse(text)
    return Pattern(text, automaton(tree))


def automaton(tree: Node) -> Dfa:
    """The minimal automaton of a tree. Raises `PatternError`."""
    try:
        return minimise(determinise(assemble(tree)))
    except PatternError as error:
        if error.column > 1:
            raise
        raise PatternError(error.message, _largest_repetition(tree)[1]) from None


def _largest_repetition(tree: Node) -> tuple[int, int]:
    """How often the largest repetition repeats, and its column: where an automaton grows. (0, 1) where there is none."""
    if isinstance(tree, Repeat):
        return max((max(tree.low, tree.high or 1), tree.column), _largest_repetition(tree.body))
    if isinstance(tree, Look):
        return _largest_repetition(tree.body)
    parts = tree.parts if isinstance(tree, Sequence) else tree.options if isinstance(tree, Choice) else ()
    return max((_largest_repetition(part) for part in parts), default=(0, 1))
