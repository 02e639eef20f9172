"""Texts on both sides of everything that an automaton decides by."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeVar

from gwc.patterns.code_points import LAST
from gwc.patterns.dfa import DEAD, Dfa
from gwc.patterns.syntax import Chars, Choice, Look, Node, Repeat, Sequence

T = TypeVar("T")

MAX_STATES = 150
"""States from which texts are made, in the order in which they are found."""

MAX_LETTERS = 48

# Ends of the forms of UTF-8, newlines, and characters that engines classify differently.
_ALWAYS = (
    0x61, 0x0A, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, 0x0D, 0x2028, 0x20, 0xA0, 0x85, 0xFEFF, 0x5F, 0x30,
    0x0663, 0xE9, 0x00,
)  # fmt: skip


def border_strings(dfa: Dfa, tree: Node, limit: int) -> tuple[str, ...]:
    """At most `limit` texts: short ways to every state and over every edge, with what makes them accepted, and small changes to them."""
    letters = _letters(tree)
    edges, access = _explore(dfa, letters)
    endings = _endings(dfa, edges)
    texts: dict[str, None] = {}
    for text in _changed(access, endings):
        texts.setdefault(text)
    for text in _over_edges(edges, access, endings):
        texts.setdefault(text)
    return tuple(_thinned(list(texts), limit))


def _letters(tree: Node) -> list[str]:
    """Characters on both sides of the borders of the classes; thinned evenly where there are many."""
    points: dict[int, None] = {}
    for low, high in _ranges(tree):
        points.update(dict.fromkeys((low, low - 1, high, high + 1)))
    inside = [point for point in points if 0 <= point <= LAST and not 0xD800 <= point <= 0xDFFF]
    return [chr(point) for point in dict.fromkeys((*_thinned(inside, MAX_LETTERS), *_ALWAYS))]


def _ranges(tree: Node) -> Iterator[tuple[int, int]]:
    if isinstance(tree, Chars):
        yield from tree.ranges
    elif isinstance(tree, Sequence | Choice):
        for part in tree.parts if isinstance(tree, Sequence) else tree.options:
            yield from _ranges(part)
    elif isinstance(tree, Repeat | Look):
        yield from _ranges(tree.body)


_Edges = dict[
    int, dict[int, list[str]]
]  # by state and next state: a character that leads there, then those whose neighbour leads elsewhere


def _explore(dfa: Dfa, letters: list[str]) -> tuple[_Edges, dict[int, str]]:
    """The edges between states, over characters, and a shortest text to each state, breadth first."""
    rows = dfa.all_rows()
    encoded = [(letter, [dfa.classes[byte] for byte in letter.encode()]) for letter in letters]
    access = {dfa.start: ""}
    edges: _Edges = {}
    waiting = deque([dfa.start])
    while waiting and len(edges) < MAX_STATES:
        state = waiting.popleft()
        targets = {}
        for letter, classes in encoded:
            target = state
            for number in classes:
                target = rows[target][number]
            targets[letter] = target
            if target not in access:
                access[target] = access[state] + letter
                waiting.append(target)
        edges[state] = _deciding(targets)
    return edges, access


def _deciding(targets: dict[str, int]) -> dict[int, list[str]]:
    """By next state: the first character that leads there, and those whose neighbour leads elsewhere."""
    found: dict[int, list[str]] = {}
    for letter, target in targets.items():
        neighbours = (targets.get(chr(point)) for point in (ord(letter) - 1, ord(letter) + 1) if 0 <= point <= LAST)
        if target not in found or any(other not in (None, target) for other in neighbours):
            found.setdefault(target, []).append(letter)
    return found


def _endings(dfa: Dfa, edges: _Edges) -> dict[int, str]:
    """By state: a shortest text that leads to acceptance, where one is known."""
    sources: dict[int, list[tuple[int, str]]] = {}
    for state, targets in edges.items():
        for target, letters in targets.items():
            sources.setdefault(target, []).append((state, letters[0]))
    endings = dict.fromkeys(sorted(dfa.accepting), "")
    waiting = deque(endings)
    while waiting:
        target = waiting.popleft()
        for state, letter in sources.get(target, ()):
            if state not in endings:
                endings[state] = letter + endings[target]
                waiting.append(state)
    return endings


def _changed(access: dict[int, str], endings: dict[int, str]) -> Iterator[str]:
    """The shortest accepted text and the longest of the short ones, as they are and with small changes."""
    accepted = [text + endings[state] for state, text in access.items() if state in endings]
    yield ""
    for text in dict.fromkeys((*accepted[:1], *accepted[-1:])):
        yield from (
            text,
            text + "\n",
            text + "\r\n",
            "\n" + text,
            text + " ",
            text + text,
            text[:-1],
            text[1:],
            text + "\u2028",
            text.swapcase(),
        )


def _over_edges(edges: _Edges, access: dict[int, str], endings: dict[int, str]) -> Iterator[str]:
    for state, targets in edges.items():
        for target, letter in ((t, letter) for t, letters in targets.items() for letter in letters):
            text = access[state] + letter
            yield text
            if target != DEAD and target in endings:
                yield text + endings[target]
            if target == DEAD and state in endings:
                yield text + endings[state]


def _thinned(items: list[T], limit: int) -> list[T]:
    """At most `limit` of the items, evenly over the list."""
    if len(items) <= limit:
        return items
    return [items[at * len(items) // limit] for at in range(limit)]
