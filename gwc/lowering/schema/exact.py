"""Numbers and constants of documents without loss: what the reader kept as a double is read again from the text."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from gwc.diagnostics import Problems
from gwc.jsonschema.constant import JsonValue, canonical
from gwc.lowering.schema import codes
from gwc.source.cursor import Cursor
from gwc.source.text import problem


def number(cursor: Cursor) -> Decimal:
    """The number as it is written. Raises Problems when that can't be told."""
    if isinstance(cursor.value, int):
        return Decimal(cursor.value)
    span = cursor.span()
    line = cursor.document.line(span.line)
    try:
        written = Decimal(line[span.column - 1 : span.end_column - 1])
    except InvalidOperation:
        raise _unreadable(cursor) from None
    if not written.is_finite() or float(written) != cursor.value:
        raise _unreadable(cursor)
    return written


def constant(cursor: Cursor) -> str:
    """The canonical text of a value. Raises Problems when a number in it can't be told exactly."""
    return canonical(_exact(cursor))


def _exact(cursor: Cursor) -> JsonValue:
    value: Any = cursor.value
    if isinstance(value, float):
        return number(cursor)
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in cursor.members()}
    if isinstance(value, list):
        return [_exact(item) for item in cursor.items()]
    scalar: JsonValue = value
    return scalar


def _unreadable(cursor: Cursor) -> Problems:
    return problem(
        codes.INEXACT, "a number that can't be read exactly here", cursor.span(), help="write the number itself, without alias or tag"
    )
