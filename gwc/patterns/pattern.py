"""Expressions, compiled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from gwc.patterns import pcre
from gwc.patterns.borders import border_strings
from gwc.patterns.compare import same_language
from gwc.patterns.determinise import determinise
from gwc.patterns.dfa import Dfa
from gwc.patterns.error import PatternError
from gwc.patterns.minimise import minimise
from gwc.patterns.parser import parse
from gwc.patterns.program import assemble
from gwc.patterns.syntax import Choice, Look, Node, Repeat, Sequence

COMPARED = 60
"""Border strings on which every printing is compared."""


@dataclass(frozen=True)
class Pattern:
    """An ECMA-262 expression with flag u, as JSON Schema uses it: it must be found somewhere in the text."""

    source: str
    dfa: Dfa

    def matches(self, text: str) -> bool:
        """Whether the expression is found in the text, in time linear in its length. Lone surrogates are in no text: ValueError."""
        return self.dfa.accepts(text.encode())

    @cached_property
    def pcre(self) -> str | None:
        """An expression for `RegExp(..).test` of njs that finds the same, in linear time and texts of any length; None where there is none.

        ASCII but for code points above U+FFFF, which stand in it as they are. It is compared with the automaton before it is given away.
        Where `pcre_misses_empty`, the empty text must be asked for separately.
        """
        text = pcre.printed(parse(self.source))
        if text is not None:
            self._compare(text)
        return text

    @property
    def pcre_misses_empty(self) -> bool:
        """Whether the expression is found in the empty text, and njs doesn't see it by `pcre`: write `value === '' || /../.test(value)`."""
        return self.pcre is not None and self.matches("") and pcre.misses_empty(self.pcre)

    def _compare(self, text: str) -> None:
        """Compares two independent readings of a printing with the automaton: our own, for all texts, and Python's, for border strings.

        Raises AssertionError, also where Python leaves out assertions: a printing that means something else must never be used.
        """
        if not same_language(automaton(parse(text.replace(pcre.END, "$"))), self.dfa):
            raise AssertionError(f"{self.source!a} is printed as another language: {text!a}")
        search = re.compile(text).search
        for border in self.border_strings(COMPARED):
            if (search(border) is not None) != self.matches(border):
                raise AssertionError(f"{self.source!a}, printed as {text!a}, and {border!a}")

    def border_strings(self, limit: int = 400) -> tuple[str, ...]:
        """At most `limit` texts, distinct and always the same: accepted and refused ones on both sides of what the expression decides by."""
        return border_strings(self.dfa, parse(self.source), limit)


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
