"""Limits of numbers for engines that have doubles: the same order, by numbers that a double holds.

A value is plain (`gwc.jsonschema.constant.is_plain`) or long; a long value is compared by its digits, a plain one as a double. That is exact when
the limit is plain, too. So a long limit is replaced by the nearest plain number on the right side. Signs are changed by copying: Python's unary
minus rounds.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context, Decimal
from typing import Literal

from gwc.jsonschema.constant import is_plain

Comparison = Literal["<=", ">=", "<", ">"]

SMALLEST = Decimal("1e-308")
"""No number of a request is closer to zero, but zero itself."""
INFINITE = Decimal(2**1024 - 2**970)
"""Every number of a request is smaller in magnitude: from here on doubles are infinite."""
_INTEGERS = Decimal(2**53)


def within_range(comparison: Comparison, limit: Decimal) -> bool | tuple[Comparison, Decimal]:
    """The same comparison for every number that a request may have, with a limit that could be one; or the answer for all of them."""
    if limit.copy_abs() >= INFINITE:
        return (limit > 0) == (comparison in {"<", "<="})
    if limit == 0 or limit.copy_abs() >= SMALLEST:
        return comparison, limit
    if limit > 0:
        return ("<=" if comparison in {"<", "<="} else ">"), Decimal(0)
    return (">=" if comparison in {">", ">="} else "<"), Decimal(0)


def for_plain(comparison: Comparison, limit: Decimal) -> tuple[Comparison, Decimal]:
    """The same comparison for plain values, with a plain limit. `limit` is within the range."""
    if is_plain(limit):
        return comparison, limit
    if comparison in {"<", "<="}:
        return "<=", _plain_below(limit)
    return ">=", _plain_below(limit.copy_negate()).copy_negate()


def _plain_below(limit: Decimal) -> Decimal:
    """The largest plain number that is not above the limit."""
    rounded = Context(prec=15, rounding=ROUND_FLOOR, Emin=MIN_EMIN, Emax=MAX_EMAX).plus(limit)
    whole = min(limit.to_integral_value(rounding=ROUND_FLOOR, context=_exact(limit)), _INTEGERS)
    return max(rounded, whole) if whole >= -_INTEGERS else rounded


def _exact(limit: Decimal) -> Context:
    """Digits enough for any integer next to the limit."""
    return Context(prec=len(limit.as_tuple().digits) + abs(limit.adjusted()) + 2, rounding=ROUND_FLOOR, Emin=MIN_EMIN, Emax=MAX_EMAX)
