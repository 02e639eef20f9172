"""Programs as deterministic automata: every reachable formula is a state."""

from __future__ import annotations

from dataclasses import dataclass, field

from gwc.patterns.error import PatternError
from gwc.patterns.formula import FALSE, TRUE, Context, Formula, Formulas
from gwc.patterns.program import Program

MAX_STATES = 2_000
"""States of a minimal automaton."""

MAX_RAW_STATES = 8_000
"""States before it is minimised."""

_State = tuple[Formula, tuple[Formula, ...]]  # what must hold for the rest; how far each lookbehind is


@dataclass(slots=True)
class Raw:
    """An automaton before it is minimised. States 0 and 1 refuse and accept whatever follows.

    `edges[state]`: runs `(first byte, target)` in order, from byte 0 on.
    """

    start: int
    edges: list[list[tuple[int, int]]] = field(default_factory=list)
    accepting: set[int] = field(default_factory=lambda: {1})


def determinise(program: Program) -> Raw:
    """The automaton of a program. Raises `PatternError` where it has too many states."""
    return _Builder(program).build()


class _Builder:
    def __init__(self, program: Program) -> None:
        self.formulas = Formulas(program)
        self.behinds = program.behinds
        self.numbers: dict[_State, int] = {(FALSE, ()): 0, (TRUE, ()): 1}
        self.states: list[_State] = [(FALSE, ()), (TRUE, ())]
        self.raw = Raw(0, [[(0, 0)], [(0, 1)]])

    def build(self) -> Raw:
        self.raw.start = self.number(self.first(self.formulas.program.start))
        while len(self.raw.edges) < len(self.states):
            state = self.states[len(self.raw.edges)]
            if self.formulas.accepts(state[0]):
                self.raw.accepting.add(len(self.raw.edges))
            self.raw.edges.append(self.edges(state))
        return self.raw

    def first(self, start: int) -> _State:
        """The state before the first byte. Lookbehinds are closed one after the other: later ones look at earlier ones."""
        behinds: list[Formula] = []
        ended: tuple[bool, ...] = ()
        for place in self.behinds:
            has_ended, formula = self.formulas.ended(self.formulas.closure(place, ("start", ended)))
            behinds.append(formula)
            ended = (*ended, has_ended)
        return self.formulas.closure(start, ("start", ended)), tuple(behinds)

    def number(self, state: _State) -> int:
        if state[0] in (FALSE, TRUE):
            state = (state[0], ())
        number = self.numbers.get(state)
        if number is None:
            number = self.numbers[state] = len(self.states)
            self.states.append(state)
            if number > MAX_RAW_STATES:
                raise PatternError(f"an expression whose automaton has more than {MAX_STATES} states", 1)
        return number

    def edges(self, state: _State) -> list[tuple[int, int]]:
        cuts = self.formulas.cuts(state[0]).union(*(self.formulas.cuts(behind) for behind in state[1]))
        found: list[tuple[int, int]] = []
        for byte in sorted(cuts):
            target = self.number(self.step(state, byte))
            if not found or found[-1][1] != target:
                found.append((byte, target))
        return found

    def step(self, state: _State, byte: int) -> _State:
        behinds: list[Formula] = []
        ended: tuple[bool, ...] = ()
        for behind in state[1]:
            has_ended, formula = self.formulas.ended(self.formulas.step(behind, byte, self.context(byte, ended)))
            behinds.append(formula)
            ended = (*ended, has_ended)
        return self.formulas.step(state[0], byte, self.context(byte, ended)), tuple(behinds)

    def context(self, byte: int, ended: tuple[bool, ...]) -> Context:
        return self.formulas.context(byte, ended)
