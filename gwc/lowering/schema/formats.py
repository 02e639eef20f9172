"""`format` as an assertion."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce

from gwc.diagnostics import Diagnostic, Label, Problems
from gwc.jsonschema.formats import NumberFormat, RefusedFormat, TextFormat, format_of
from gwc.jsonschema.tree import ANYTHING, Bound, Check, Count, If, Matches, Never, Schema
from gwc.lowering.schema import codes
from gwc.source.cursor import Cursor
from gwc.source.text import problem, shown


def format_checks(place: Cursor) -> list[Check]:
    """The checks of a `format`, at its keyword. Raises Problems when it can't be asserted, and with a note for names that nobody defined."""
    known = format_of(place.value)
    if known is None:
        message = f"the format {shown(place.value)} is none that gwc knows: it asserts nothing"
        raise Problems([Diagnostic(codes.WITHOUT_EFFECT, "note", message, (Label(place.span()),))])
    if isinstance(known, RefusedFormat):
        message = f"the format {shown(place.value)} can't be asserted: {known.reason}"
        raise problem(codes.FORMAT, message, place.span(), help="choose `formats: ignore`, or write a pattern")
    if isinstance(known, NumberFormat):
        return [Bound("format", ">=", Decimal(known.low)), Bound("format", "<=", Decimal(known.high))]
    return _text(known) if isinstance(known, TextFormat) else []


def _text(known: TextFormat) -> list[Check]:
    """One failure, however many of the conditions do not hold."""
    conditions: list[Check] = [] if known.max_length is None else [Count("maxLength", known.max_length)]
    conditions += [Matches("format", pattern) for pattern in known.patterns[:-1]]
    last: Check = Matches("format", known.patterns[-1])
    return [reduce(_guarded, reversed(conditions), last)]


def _guarded(inner: Check, condition: Check) -> Check:
    from gwc.jsonschema.format_patterns import LEAP_MINUTE, LEAP_SECOND  # noqa: PLC0415 built only when a document uses formats

    guarded = If(Schema((condition,)), Schema((inner,)), Schema((Never("format"),)))
    if condition != Matches("format", LEAP_MINUTE):
        return guarded
    return If(Schema((Matches("format", LEAP_SECOND),)), Schema((guarded,)), ANYTHING)
