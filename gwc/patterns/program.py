"""Syntax trees as instructions that lead from place to place, repetitions written out."""

from __future__ import annotations

from dataclasses import dataclass, field

from gwc.patterns.code_points import EVERYTHING, WORD
from gwc.patterns.error import PatternError
from gwc.patterns.syntax import Chars, Choice, Edge, Look, Node, Repeat, Sequence
from gwc.patterns.utf8 import ANY_BYTE, Bytes, byte_tree

MAX_SIZE = 10_000
"""Instructions: characters and choices after repetitions are written out."""

MAX_LOOKS = 50
"""Lookaheads and lookbehinds after repetitions are written out."""


@dataclass(slots=True)
class Char:
    """Takes one character."""

    tree: Bytes
    next: int


@dataclass(slots=True)
class Split:
    """Goes on at each of `targets`."""

    targets: list[int]


@dataclass(slots=True)
class Ahead:
    """Goes on at `next` if what follows is (not) found from `body` on."""

    body: int
    negative: bool
    next: int


@dataclass(slots=True)
class Behind:
    """Goes on at `next` if the lookbehind with this number has (not) ended here."""

    number: int
    negative: bool
    next: int


@dataclass(slots=True)
class At:
    """Goes on at `next` if the place is the start, the end, on a border of a word (or not)."""

    edge: Edge
    next: int


@dataclass(slots=True)
class Match:
    """All is found. `behind`: the number of the lookbehind that ends here; None is the expression, or a lookahead."""

    behind: int | None = None


Instruction = Char | Split | Ahead | Behind | At | Match


@dataclass(slots=True)
class Program:
    """`start` searches: it looks for the expression at every place. `behinds`: such starts for each lookbehind, inner ones first."""

    code: list[Instruction] = field(default_factory=list)
    start: int = 0
    word: int = 0  # a word character comes next
    behinds: list[int] = field(default_factory=list)
    uses_words: bool = False
    useful: list[bool] = field(default_factory=list)  # whether a match can be reached from a place that isn't the start of the text


def assemble(tree: Node) -> Program:
    """The program that searches a text. Raises `PatternError` where it would be too large."""
    _check_size(tree, 0)
    assembler = _Assembler()
    program = assembler.program
    found = assembler.add(Match())
    program.word = assembler.add(Char(byte_tree(WORD), found))
    entry = assembler.emit(tree, found)
    program.start = assembler.searching(entry, by_bytes=_begins_with_characters(program.code, entry))
    program.useful = _useful(program.code)
    return program


def _begins_with_characters(code: list[Instruction], entry: int) -> bool:
    """Whether nothing but a character can come first: then a search may also try inside of characters, where none begins."""
    seen: set[int] = set()
    waiting = [entry]
    while waiting:
        place = waiting.pop()
        instruction = code[place]
        if place in seen or isinstance(instruction, Char):
            continue
        seen.add(place)
        if isinstance(instruction, Split):
            waiting.extend(instruction.targets)
        elif isinstance(instruction, At) and instruction.edge.kind == "start":
            waiting.append(instruction.next)
        else:
            return False
    return True


def _useful(code: list[Instruction]) -> list[bool]:
    sources: list[list[int]] = [[] for _ in code]
    waiting: list[int] = []
    for place, instruction in enumerate(code):
        if isinstance(instruction, Match):
            waiting.append(place)
        elif isinstance(instruction, Split):
            for target in instruction.targets:
                sources[target].append(place)
        elif not (isinstance(instruction, At) and instruction.edge.kind == "start"):
            sources[instruction.next].append(place)
    useful = [False] * len(code)
    while waiting:
        place = waiting.pop()
        if not useful[place]:
            useful[place] = True
            waiting.extend(sources[place])
    return useful


def _check_size(tree: Node, column: int) -> int:
    """An upper bound for the instructions; raises at the repetition that makes it too large."""
    size = 1
    if isinstance(tree, Sequence):
        size = sum(_check_size(part, column) for part in tree.parts)
    elif isinstance(tree, Choice):
        size = 1 + sum(_check_size(option, column) for option in tree.options)
    elif isinstance(tree, Look):
        size = 3 + _check_size(tree.body, tree.column)
    elif isinstance(tree, Repeat):
        column = tree.column
        optional = (tree.high or 0) - tree.low if tree.high is not None else 1
        size = max(1, _check_size(tree.body, column)) * max(1, tree.low + optional) + max(1, optional)
    if size > MAX_SIZE:
        raise PatternError(f"an expression of more than {MAX_SIZE} places after its repetitions are written out", column or 1)
    return size


class _Assembler:
    def __init__(self) -> None:
        self.program = Program()
        self.looks = 0
        self.behind_depth = 0

    def add(self, instruction: Instruction) -> int:
        self.program.code.append(instruction)
        return len(self.program.code) - 1

    def searching(self, entry: int, *, by_bytes: bool = False) -> int:
        """A place from which `entry` is tried here and after every further character, or byte."""
        split = Split([entry])
        start = self.add(split)
        split.targets.append(self.add(Char(ANY_BYTE if by_bytes else byte_tree(EVERYTHING), start)))
        return start

    def emit(self, tree: Node, following: int) -> int:
        """The entry of code that matches the tree, and then goes on at `following`."""
        if isinstance(tree, Chars):
            return self.add(Char(byte_tree(tree.ranges), following))
        if isinstance(tree, Sequence):
            for part in reversed(tree.parts):
                following = self.emit(part, following)
            return following
        if isinstance(tree, Choice):
            return self.add(Split([self.emit(option, following) for option in tree.options]))
        if isinstance(tree, Repeat):
            return self.repeat(tree, following)
        if isinstance(tree, Look):
            return self.look(tree, following)
        return self.edge(tree, following)

    def edge(self, edge: Edge, following: int) -> int:
        if edge.kind != "start" and self.behind_depth:
            raise PatternError("what comes after is looked at inside of a lookbehind: this can't be matched exactly", edge.column)
        self.program.uses_words |= edge.kind in ("boundary", "inside")
        return self.add(At(edge, following))

    def repeat(self, tree: Repeat, following: int) -> int:
        if tree.high is None:
            following, copies = self.loop(tree, following)
        else:
            following, copies = self.optional(tree, following), tree.low
        for _ in range(copies):
            following = self.emit(tree.body, following)
        return following

    def loop(self, tree: Repeat, following: int) -> tuple[int, int]:
        """The entry of the loop, and how many more copies must stand before it."""
        split = Split([following])
        start = self.add(split)
        body = self.emit(tree.body, start)
        split.targets.append(body)
        return (start, 0) if tree.low == 0 else (body, tree.low - 1)

    def optional(self, tree: Repeat, following: int) -> int:
        end = following
        for _ in range((tree.high or 0) - tree.low):
            following = self.add(Split([self.emit(tree.body, following), end]))
        return following

    def look(self, tree: Look, following: int) -> int:
        self.looks += 1
        if self.looks > MAX_LOOKS:
            raise PatternError(f"more than {MAX_LOOKS} lookaheads and lookbehinds", tree.column)
        if tree.ahead:
            return self.ahead(tree, following)
        return self.add(Behind(self.behind(tree), tree.negative, following))

    def ahead(self, tree: Look, following: int) -> int:
        if self.behind_depth:
            raise PatternError("a lookahead inside of a lookbehind can't be matched exactly", tree.column)
        return self.add(Ahead(self.emit(tree.body, self.add(Match())), tree.negative, following))

    def behind(self, tree: Look) -> int:
        """The number of the lookbehind, whose program is searched for from the start of the text on."""
        match = Match()
        self.behind_depth += 1
        start = self.searching(self.emit(tree.body, self.add(match)))
        self.behind_depth -= 1
        self.program.behinds.append(start)
        match.behind = len(self.program.behinds) - 1
        return match.behind
