"""What must hold for the rest of a text: Boolean formulas over places of a program, and what a byte makes of them.

A formula is a set of atoms of which one must hold: without lookaheads and `$`, the states of a nondeterministic automaton. All are numbers,
equal exactly when what they stand for is equal. This is the derivative of Brzozowski for expressions with intersection and complement.
"""

from __future__ import annotations

from gwc.patterns.error import PatternError
from gwc.patterns.program import Ahead, At, Behind, Char, Match, Program, Split
from gwc.patterns.utf8 import DONE, Bytes

Formula = frozenset[int]
Context = tuple[str, tuple[bool, ...]]
"""What stands before a place: `start`, `word`, `other`; and which lookbehinds have ended here."""

MAX_WORK = 1_000_000
"""Atoms that are looked at while an automaton is made: about a second."""

_TRUE, _END, _ENDED = 0, 1, 2
FALSE: Formula = frozenset()
TRUE: Formula = frozenset((_TRUE,))
_AT_END: Formula = frozenset((_END,))
_WORDS = frozenset((*range(0x30, 0x3A), *range(0x41, 0x5B), 0x5F, *range(0x61, 0x7B)))


class Formulas:
    """Makes and steps the formulas of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.work = 0
        self.chars: list[tuple[Bytes, int] | None] = [None, None, None]  # by atom: what a character must be, and the place behind it
        self.parts: list[tuple[Formula, ...]] = [(), (), ()]  # by atom: formulas that must all hold; a single one must not
        self._atoms: dict[object, int] = {}
        self._closures: dict[tuple[int, Context], Formula] = {}
        self._steps: dict[tuple[Formula, int, Context], Formula] = {}

    def context(self, byte: int, ended: tuple[bool, ...]) -> Context:
        """The context behind a byte."""
        return ("word" if self.program.uses_words and byte in _WORDS else "other", ended)

    def accepts(self, formula: Formula) -> bool:
        """Whether the formula holds where the text ends."""
        return any(atom in (_TRUE, _END) or (atom > _ENDED and self._accepts(atom)) for atom in formula)

    def _accepts(self, atom: int) -> bool:
        parts = self.parts[atom]
        if len(parts) == 1:
            return not self.accepts(parts[0])
        return len(parts) > 1 and all(self.accepts(part) for part in parts)

    def ended(self, formula: Formula) -> tuple[bool, Formula]:
        """Whether a lookbehind ends here, and the formula without that."""
        return _ENDED in formula, formula - {_ENDED}

    def cuts(self, formula: Formula) -> set[int]:
        """The first bytes of runs that the formula can't tell apart."""
        found: set[int] = {0}
        for atom in formula:
            char = self.chars[atom]
            if char is not None:
                found.update(char[0].cuts)
            for part in self.parts[atom]:
                found |= self.cuts(part)
        if self.program.uses_words:
            found.update((0x30, 0x3A, 0x41, 0x5B, 0x5F, 0x60, 0x61, 0x7B))
        return found

    def step(self, formula: Formula, byte: int, context: Context) -> Formula:
        """What must hold behind the byte. `context` is that behind the byte."""
        targets: set[int] = set()
        self.spend(len(formula) + 1)
        for atom in formula:
            char = self.chars[atom]
            if char is None:
                targets |= self._step_parts(atom, byte, context)
                continue
            following = char[0].next[byte]
            if following is DONE:
                targets |= self.closure(char[1], context)
            elif following is not None:
                targets.add(self._char(following, char[1]))
        return _simple(targets)

    def _step_parts(self, atom: int, byte: int, context: Context) -> Formula:
        parts = [self._step_part(part, byte, context) for part in self.parts[atom]]
        if not parts:
            return TRUE if atom == _TRUE else FALSE
        return self.negated(parts[0]) if len(parts) == 1 else self.all_of(parts)

    def _step_part(self, part: Formula, byte: int, context: Context) -> Formula:
        key = (part, byte, context)
        known = self._steps.get(key)
        if known is None:
            known = self._steps[key] = self.step(part, byte, context)
        return known

    def closure(self, place: int, context: Context) -> Formula:
        """What must hold at a place of the program."""
        known = self._closures.get((place, context))
        if known is None:
            known = self._closures[place, context] = self._close(place, context)
            self.spend(len(known))
        return known

    def _close(self, place: int, context: Context) -> Formula:
        """Follows every way that takes no character. A way gathers what its assertions demand, so ways in a circle come to an end."""
        found: dict[frozenset[Formula], set[int]] = {}
        seen: set[tuple[int, frozenset[Formula]]] = set()
        ways: list[tuple[int, frozenset[Formula]]] = [(place, frozenset())]
        while ways:
            way = ways.pop()
            if way in seen:
                continue
            seen.add(way)
            self.spend(1 + len(way[1]))
            instruction = self.program.code[way[0]]
            if isinstance(instruction, Split):
                ways.extend((target, way[1]) for target in instruction.targets)
            elif isinstance(instruction, Char | Match):
                found.setdefault(way[1], set()).update(self._arrival(instruction, way[1]))
            else:
                demand = self._demand(instruction, context)
                if demand != FALSE:
                    ways.append((instruction.next, way[1] if demand == TRUE else way[1] | {demand}))
        atoms = frozenset(atom for demands, arrivals in found.items() for atom in self.all_of([*demands, _simple(arrivals)]))
        return _simple(atoms)

    def _arrival(self, instruction: Char | Match, demands: frozenset[Formula]) -> Formula:
        if isinstance(instruction, Match):
            return TRUE if instruction.behind is None else frozenset((_ENDED,))
        if _AT_END in demands or not self.program.useful[instruction.next]:
            return FALSE
        return frozenset((self._char(instruction.tree, instruction.next),))

    def _demand(self, instruction: Behind | At | Ahead, context: Context) -> Formula:
        """What an assertion demands of the rest of the text, at a place with this context."""
        if isinstance(instruction, Behind):
            return TRUE if context[1][instruction.number] != instruction.negative else FALSE
        if isinstance(instruction, Ahead):
            body = self.closure(instruction.body, context)
            return self.negated(body) if instruction.negative else body
        if instruction.edge.kind == "start":
            return TRUE if context[0] == "start" else FALSE
        if instruction.edge.kind == "end":
            return _AT_END
        word = self.closure(self.program.word, context)
        return word if (context[0] == "word") == (instruction.edge.kind == "inside") else self.negated(word)

    def _char(self, tree: Bytes, following: int) -> int:
        return self._atom((tree, following), (tree, following), ())

    def _atom(self, key: object, char: tuple[Bytes, int] | None, parts: tuple[Formula, ...]) -> int:
        atom = self._atoms.get(key)
        if atom is None:
            atom = self._atoms[key] = len(self.chars)
            self.chars.append(char)
            self.parts.append(parts)
        return atom

    def negated(self, formula: Formula) -> Formula:
        """The formula that holds where this one doesn't."""
        if formula == FALSE:
            return TRUE
        if formula == TRUE:
            return FALSE
        if len(formula) == 1:
            (atom,) = formula
            if len(self.parts[atom]) == 1:
                return self.parts[atom][0]
        return frozenset((self._atom(("not", formula), None, (formula,)),))

    def all_of(self, formulas: list[Formula]) -> Formula:
        """The formula that holds where all of these do."""
        parts: set[Formula] = set()
        for formula in formulas:
            parts.update(self._conjuncts(formula))
        parts.discard(TRUE)
        self.spend(len(parts))
        if FALSE in parts or any(self.negated(part) in parts for part in parts if len(part) == 1):
            return FALSE
        if len(parts) < 2:
            return next(iter(parts), TRUE)
        return frozenset((self._atom(frozenset(parts), None, tuple(parts)),))

    def _conjuncts(self, formula: Formula) -> tuple[Formula, ...]:
        if len(formula) == 1:
            (atom,) = formula
            if len(self.parts[atom]) > 1:
                return self.parts[atom]
        return (formula,)

    def spend(self, work: int) -> None:
        """Counts work, and gives up on an expression that needs too much of it."""
        self.work += work
        if self.work > MAX_WORK:
            raise PatternError("an expression that takes too much work to make an automaton of", 1)


def _simple(atoms: set[int] | Formula) -> Formula:
    return TRUE if _TRUE in atoms else frozenset(atoms)
