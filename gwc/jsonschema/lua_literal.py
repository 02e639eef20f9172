"""Lua literals: the one place where texts of documents become Lua."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite

_DOUBTFUL = re.compile(rb"[^A-Za-z0-9 !#$%&()*+,./:;<=>?@^_`{|}~-]")


def quote(text: str) -> str:
    """A Lua string of the text's UTF-8: on one line, ASCII only. Brackets, quotes, backslashes and controls are three-digit escapes.

    Hyphens next to each other are escaped as well: no text looks like a comment.
    """
    safe = _DOUBTFUL.sub(lambda m: b"\\%03d" % m[0][0], text.encode("utf-8", "surrogatepass"))
    return '"' + safe.decode("ascii").replace("--", "\\045\\045") + '"'


def number(value: Decimal) -> str:
    """A Lua number for a plain value (`gwc.jsonschema.constant.is_plain`); what is too large for a double is infinite."""
    if value == 0:
        return "0"
    if value == value.to_integral_value() and abs(value) <= 2**53:
        return str(int(value))
    double = float(value)
    return repr(double) if isfinite(double) else "-1e999"[value > 0 :]
