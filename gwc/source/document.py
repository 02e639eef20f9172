"""A file as a tree of plain values that knows where each of them is written."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol

from gwc.diagnostics import Label, Span
from gwc.source.identifiers import Identifiers
from gwc.source.json_text import JsonPositions, parse_json
from gwc.source.text import Lines
from gwc.source.yaml_text import parse_yaml

Pointer = tuple[str | int, ...]
"""Keys and indexes from the root of a document to a value."""


Referrer = Label | Callable[[], Span] | None
"""Who wants a file: the place to complain about when it can't be read, or a function that finds it."""


class Loader(Protocol):
    """What a document needs to follow a reference to another file."""

    def load(self, path: str, referrer: Referrer = None) -> Document:
        """The document of a path below the root. Raises Problems."""
        ...


class _Positions(Protocol):
    def span(self, pointer: Pointer, *, key: bool = False) -> Span: ...


class Document:
    """One YAML or JSON file. `value` is a dict or list of dict, list, str, int, float, bool and None: read, never changed.

    Members keep the order of the file. With YAML aliases one container can be at several places.
    """

    def __init__(self, path: str, text: str, loader: Loader) -> None:
        """Reads the text; `path` is relative to the root, with slashes. Raises Problems."""
        self.path = path
        self.text = text
        self.loader = loader
        self._yaml_positions: _Positions | None = None
        self.value: Any
        with without_collections():
            if _is_json(path, text):
                self.value = parse_json(path, text)
            else:
                self.value, self._yaml_positions = parse_yaml(path, text)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        return self._lines.line(number)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.path, self.text)

    @cached_property
    def _positions(self) -> _Positions:
        return self._yaml_positions or JsonPositions(self.path, self.text)

    @cached_property
    def identifiers(self) -> Identifiers:
        """What the schemas of this file are called, as OpenAPI 3.1 reads it."""
        return Identifiers(self.path, self.text, self.value)

    def span(self, pointer: Pointer, key: bool = False) -> Span:
        """Where a value, or with `key` the name of the member, is written.

        Of a mapping or list, the span has only the start. For a pointer to nothing it is the place of the nearest container.
        """
        return self._positions.span(pointer, key=key)


@contextmanager
def without_collections() -> Iterator[None]:
    """Pauses the garbage collector: a tree of plain values has no cycles, and collections take most of the time of a large one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _is_json(path: str, text: str) -> bool:
    if path.endswith((".yaml", ".yml")):
        return False
    return path.endswith(".json") or text.lstrip()[:1] in ("{", "[")
