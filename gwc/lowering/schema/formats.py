"""`format` as an assertion."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gwc.diagnostics import Problems
from gwc.jsonschema.tree import Check
from gwc.source.cursor import Cursor


def format_checks(place: Cursor, complain: Callable[[Problems], None]) -> Iterator[Check]:
    """The checks of a `format`, at its keyword; none for names that nobody defined."""
    return iter(())
