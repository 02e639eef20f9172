"""Schemas that would have to hold for a value before they hold for it."""

from __future__ import annotations

from collections.abc import Iterator

from gwc.source.cursor import Cursor


class Circles:
    """Which numbered schema asks which other one about the same value."""

    def __init__(self) -> None:
        self._edges: dict[int, dict[int, Cursor]] = {}
        self._new: list[int] = []
        self._done: set[int] = set()

    def add(self, owner: int | None, number: int, where: Cursor) -> None:
        """Schema `owner` calls `number` for its own value. None: what is not numbered can't be called again."""
        if owner is None:
            return
        if owner not in self._edges:
            self._edges[owner] = {}
            self._new.append(owner)
        self._edges[owner].setdefault(number, where)

    def new(self) -> Iterator[tuple[int, Cursor]]:
        """For each circle through schemas that came since the last question: the one that closes it, and where it calls on."""
        for start in self._new:
            if start not in self._done:
                yield from self._walk(start)
        self._new.clear()

    def _walk(self, start: int) -> Iterator[tuple[int, Cursor]]:
        path: dict[int, Iterator[tuple[int, Cursor]]] = {start: self._calls(start)}
        while path:
            here = next(reversed(path))
            step = next(path[here], None)
            if step is None:
                del path[here]
                self._done.add(here)
            elif step[0] in path:
                yield here, step[1]
            elif step[0] not in self._done:
                path[step[0]] = self._calls(step[0])

    def _calls(self, number: int) -> Iterator[tuple[int, Cursor]]:
        return iter(list(self._edges.get(number, {}).items()))
