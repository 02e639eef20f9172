"""Values as JSON texts of which equal values have the same, and back: numbers are exact decimals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

JsonValue = None | bool | int | Decimal | str | list[Any] | dict[str, Any]
"""What a JSON text means, without loss: no float."""

_DECODER = json.JSONDecoder(parse_int=int, parse_float=Decimal)
_PLAIN_DIGITS = 21
"""Numbers of up to this many digits before or after the point are written without exponent."""


def canonical(value: JsonValue) -> str:
    """The one text of a value: 1, 1.0 and 1e0 have the same, members are sorted by code points, only ASCII is in it. Raises TypeError for floats."""
    if isinstance(value, str):
        return json.dumps(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | Decimal):
        return number_text(Decimal(value))
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{canonical(v)}" for k, v in sorted(value.items())) + "}"
    raise TypeError(f"{type(value).__name__} is no JSON value")


def read(text: str) -> JsonValue:
    """The value of a text that `canonical` made; numbers are int or Decimal."""
    value: JsonValue = _DECODER.decode(text)
    return value


def number_text(number: Decimal) -> str:
    """The one text of a finite number."""
    sign, digits, exponent = parts(number)
    if not digits:
        return "0"
    prefix = "-" if sign else ""
    if 0 <= exponent <= _PLAIN_DIGITS - len(digits):
        return prefix + digits + "0" * exponent
    if -_PLAIN_DIGITS <= exponent < 0:
        padded = digits.rjust(1 - exponent, "0")
        return f"{prefix}{padded[:exponent]}.{padded[exponent:]}"
    return f"{prefix}{digits}e{exponent}"


def parts(number: Decimal) -> tuple[int, str, int]:
    """Sign (1: negative), digits without leading and trailing zeros, and exponent: ±digits * 10^exponent. Zero has no digits and no sign."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise TypeError("not a finite number")
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    return (sign, kept, exponent + len(text) - len(kept)) if kept else (0, "", 0)


def is_plain(number: Decimal) -> bool:
    """Whether a double is an identity for the number: an integer of at most 2^53 in magnitude, or at most 15 significant digits."""
    _, digits, exponent = parts(number)
    return len(digits) <= 15 or (exponent >= 0 and len(digits) + exponent <= 16 and abs(number) <= 2**53)
