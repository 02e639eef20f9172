"""How text and numbers get into JavaScript: the one place where they are quoted."""

from __future__ import annotations

import json
from decimal import Decimal

from gwc.jsonschema.constant import JsonValue, parts

_SHORTEST, _LONGEST = -7, 21
"""Where Number.prototype.toString changes between the forms with and without exponent (ECMA-262, 6.1.6.1.20)."""


def literal(text: str) -> str:
    """A text as an expression, in ASCII (U+2028 cannot end a line)."""
    return json.dumps(text, ensure_ascii=True)


def member(value: str, name: str) -> str:
    """The expression for a member of the object in the variable `value`."""
    return f"{value}[{literal(name)}]"


def token(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def is_double(number: Decimal) -> bool:
    """Whether the runtime has the number as one of JavaScript; others are symbols (gwc/runtime/js/decimal.js)."""
    _, digits, exponent = parts(number)
    if exponent >= 0 and len(digits) + exponent <= 16 and int(digits or "0") * 10**exponent <= 2**53:
        return True
    return len(digits) <= 15 and -22 <= exponent <= 22


def decimal_text(number: Decimal) -> str:
    """The text of a decimal: what the symbol of a number says that is no double."""
    sign, digits, exponent = parts(number)
    return f"{'-' * sign}{digits or '0'}e{exponent}"


def number_text(number: Decimal) -> str:
    """The text that JavaScript makes of a double, which is an expression for it as well."""
    sign, digits, exponent = parts(number)
    places = len(digits) + exponent
    return "-" * sign + _unsigned(digits, exponent, places) if digits else "0"


def _unsigned(digits: str, exponent: int, places: int) -> str:
    if not _SHORTEST < places - 1 < _LONGEST:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{mantissa}e{places - 1:+d}"
    if exponent >= 0:
        return digits + "0" * exponent
    return digits[:places] + "." + digits[places:] if places > 0 else "0." + "0" * -places + digits


def key(value: JsonValue) -> str:
    """The text by which the runtime knows arrays and objects again (`key` in gwc/runtime/js/schema.js)."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{','.join(map(key, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key(name)}:{key(item)}" for name, item in sorted(value.items())) + "}"
    number = Decimal(value)
    return number_text(number) if is_double(number) else decimal_text(number)
