"""Raw automata as minimal ones, in one canonical numbering."""

from __future__ import annotations

from collections import Counter, deque

from gwc.patterns.determinise import MAX_STATES, Raw
from gwc.patterns.dfa import DEAD, FOUND, Dfa
from gwc.patterns.error import PatternError

Table = list[list[int]]
"""By state, then by class: the next state."""


def minimise(raw: Raw) -> Dfa:
    """The minimal automaton. Raises `PatternError` if it has more than `MAX_STATES` states."""
    cuts, table = _table(raw)
    alive = _alive(raw, table)
    table = [[target if target in alive else DEAD for target in row] for row in table]
    blocks = _partition(table, _first_partition(raw, alive, len(table)))
    block_of = [0] * len(table)
    for number, block in enumerate(blocks):
        for state in block:
            block_of[state] = number
    if len(blocks) > MAX_STATES:
        raise PatternError(f"an expression whose automaton has more than {MAX_STATES} states", 1)
    quotient = [[block_of[target] for target in table[next(iter(block))]] for block in blocks]
    accepting = {block_of[state] for state in raw.accepting}
    return _numbered(quotient, block_of[DEAD], block_of[FOUND], block_of[raw.start], accepting, cuts)


def _table(raw: Raw) -> tuple[list[int], Table]:
    """The first bytes of the runs that no state tells apart, and the table over these runs."""
    cuts = sorted({byte for edges in raw.edges for byte, _ in edges})
    index = {byte: at for at, byte in enumerate(cuts)}
    table: Table = []
    for edges in raw.edges:
        ends = [index[byte] for byte, _ in edges[1:]] + [len(cuts)]
        row: list[int] = []
        for (_, target), end in zip(edges, ends, strict=True):
            row += [target] * (end - len(row))
        table.append(row)
    return cuts, table


def _first_partition(raw: Raw, alive: set[int], states: int) -> list[set[int]]:
    """States from which nothing is accepted any more, accepting ones, and others."""
    parts = [set(range(states)) - alive, raw.accepting, alive - raw.accepting]
    return [part for part in parts if part]


def _alive(raw: Raw, table: Table) -> set[int]:
    """The states from which an accepting one is reached."""
    sources: list[list[int]] = [[] for _ in table]
    for state, row in enumerate(table):
        for target in set(row):
            sources[target].append(state)
    alive = set(raw.accepting)
    waiting = list(alive)
    while waiting:
        for source in sources[waiting.pop()]:
            if source not in alive:
                alive.add(source)
                waiting.append(source)
    return alive


def _partition(table: Table, first: list[set[int]]) -> list[set[int]]:
    """The coarsest partition that the table respects (Hopcroft), where all edges of dead states, and all to them, lead to 0."""
    blocks = list(first)
    block_of = [0] * len(table)
    for number, block in enumerate(blocks):
        for state in block:
            block_of[state] = number
    waiting = set(range(len(blocks)))
    waiting.discard(_busiest(table, block_of))  # one may be left out: what leads there is what leads to none of the others
    sources = _sources(table, without_dead=block_of[DEAD] not in waiting)
    while waiting:
        hits: dict[int, list[int]] = {}
        for target in blocks[waiting.pop()]:
            for column, states in sources[target].items():
                hits.setdefault(column, []).extend(states)
        for states in hits.values():
            _split_by(states, blocks, block_of, waiting)
    return blocks


def _busiest(table: Table, block_of: list[int]) -> int:
    """The block that most edges lead to."""
    edges = Counter(target for row in table for target in row)
    totals: Counter[int] = Counter()
    for target, count in edges.items():
        totals[block_of[target]] += count
    return totals.most_common(1)[0][0]


def _split_by(states: list[int], blocks: list[set[int]], block_of: list[int], waiting: set[int]) -> None:
    """Splits every block that has some of the states, which one byte leads into one block, and others."""
    touched: dict[int, set[int]] = {}
    for state in states:
        touched.setdefault(block_of[state], set()).add(state)
    for number, hit in touched.items():
        if len(hit) < len(blocks[number]):
            _split(blocks, block_of, waiting, number, hit)


def _split(blocks: list[set[int]], block_of: list[int], waiting: set[int], number: int, hit: set[int]) -> None:
    """Splits a block; all columns are waited for together, so the smaller part is enough unless the whole block was waited for."""
    rest = blocks[number] - hit
    small, large = (hit, rest) if len(hit) <= len(rest) else (rest, hit)
    blocks[number] = large
    blocks.append(small)
    for state in small:
        block_of[state] = len(blocks) - 1
    waiting.add(len(blocks) - 1)


def _sources(table: Table, *, without_dead: bool) -> list[dict[int, list[int]]]:
    """By target, then by column (of those that are equal one): the states that lead there."""
    columns = list(dict.fromkeys(zip(*table, strict=True)))
    sources: list[dict[int, list[int]]] = [{} for _ in table]
    for number, column in enumerate(columns):
        for state, target in enumerate(column):
            if target != DEAD or not without_dead:
                sources[target].setdefault(number, []).append(state)
    return sources


def _numbered(quotient: Table, dead: int, found: int, start: int, accepting: set[int], cuts: list[int]) -> Dfa:
    """The reachable states, numbered breadth first; classes are columns that differ."""
    numbers = {dead: DEAD, found: FOUND}
    waiting = deque([start])
    order: list[int] = []
    while waiting:
        state = waiting.popleft()
        if state not in numbers:
            numbers[state] = len(order) + 2
            order.append(state)
            waiting.extend(quotient[state])
    rows = [tuple(numbers[target] for target in quotient[state]) for state in order]
    classes, narrow = _classes(rows, cuts)
    states = frozenset(number for state, number in numbers.items() if state in accepting)
    return Dfa(numbers[start], classes, narrow, states)


def _classes(rows: list[tuple[int, ...]], cuts: list[int]) -> tuple[bytes, tuple[tuple[int, ...], ...]]:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in cuts]
    numbers: dict[tuple[int, ...], int] = {}
    classes = bytearray()
    for column, end in zip(columns, [*cuts[1:], 256], strict=True):
        number = numbers.setdefault(column, len(numbers))
        classes += bytes([number]) * (end - len(classes))
    return bytes(classes), tuple(zip(*numbers, strict=True)) if rows else ()
