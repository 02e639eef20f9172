"""Formulas over checks: all or any of what says something about one place. Equal formulas have one number, so that shared parts are looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from gwc.jsonschema.tree import Check

Formula = int
"""A number of `Formulas`."""
ANYTHING: Formula = 0
"""All of nothing: holds for every value."""

_Word = Literal["all", "any", "check"]


class Formulas:
    """All formulas of a gateway. Parts have smaller numbers than the whole."""

    def __init__(self) -> None:
        self._checks: dict[int, Check] = {}  # by identity, which is kept
        self._numbers: dict[tuple[_Word, tuple[int, ...]], Formula] = {("all", ()): ANYTHING}
        self._nodes: list[tuple[_Word, tuple[int, ...]]] = [("all", ())]

    def of_check(self, check: Check) -> Formula:
        """A single check."""
        self._checks[id(check)] = check
        return self._number("check", (id(check),))

    def all_of(self, formulas: Iterable[Formula]) -> Formula:
        """What holds when all do."""
        return self._joined("all", formulas)

    def any_of(self, formulas: Iterable[Formula]) -> Formula:
        """What holds when one does; of nothing: anything."""
        return self._joined("any", formulas)

    def word(self, formula: Formula) -> _Word:
        """What kind of formula this is."""
        return self._nodes[formula][0]

    def parts(self, formula: Formula) -> tuple[Formula, ...]:
        """Of `all` and `any`."""
        return self._nodes[formula][1]

    def has_alternatives(self, formula: Formula) -> bool:
        """Whether it is more than checks that all hold."""
        word = self.word(formula)
        return word == "any" or (word == "all" and any(self.word(f) != "check" for f in self.parts(formula)))

    def check(self, formula: Formula) -> Check:
        """Of `check`."""
        return self._checks[self._nodes[formula][1][0]]

    def checks(self, formula: Formula) -> Iterator[Check]:
        """Every check in it, each once, in the order of the schemas."""
        waiting, seen = [formula], set[Formula]()
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            if self.word(here) == "check":
                yield self.check(here)
            else:
                waiting += reversed(self.parts(here))

    def mapped(self, formula: Formula, of_check: Callable[[Check], Formula], possible: Callable[[Formula], bool]) -> Formula:
        """The formula with another one in the place of each check; without alternatives that are not possible."""
        known: dict[Formula, Formula] = {}

        def result(here: Formula) -> Formula:
            if here not in known:
                known[here] = self._mapped_once(here, of_check, possible, result)
            return known[here]

        return result(formula)

    def _mapped_once(
        self, here: Formula, of_check: Callable[[Check], Formula], possible: Callable[[Formula], bool], result: Callable[[Formula], Formula]
    ) -> Formula:
        if self.word(here) == "check":
            return of_check(self.check(here))
        if self.word(here) == "any":
            return self.any_of(result(f) for f in self.parts(here) if possible(f))
        return self.all_of(map(result, self.parts(here)))

    def _joined(self, word: _Word, formulas: Iterable[Formula]) -> Formula:
        flat: dict[Formula, None] = {}
        for formula in formulas:
            flat |= dict.fromkeys(self.parts(formula) if self.word(formula) == word else (formula,))
        if not flat:
            return ANYTHING
        return next(iter(flat)) if len(flat) == 1 else self._number(word, tuple(flat))

    def _number(self, word: _Word, parts: tuple[int, ...]) -> Formula:
        if (word, parts) not in self._numbers:
            self._numbers[word, parts] = len(self._nodes)
            self._nodes.append((word, parts))
        return self._numbers[word, parts]
