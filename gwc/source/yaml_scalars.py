"""Plain scalars of YAML 1.2's core schema (YAML 1.2.2, section 10.3), minus the forms that readers do not agree on.

`yes`, `off`, `1_000`, `12:30:00` and `2026-01-31` are strings here, as YAML 1.2 says. A number with a leading zero is a
string too: it is octal for YAML 1.1 and decimal for 1.2.
"""

from __future__ import annotations

import math
import re

from gwc.source.limits import MAX_NUMBER_DIGITS

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")


class ScalarError(ValueError):
    """A scalar that gwc refuses; the message says why."""


def plain(text: str) -> Scalar:
    """The value of a plain scalar without tag. Raises ScalarError for numbers that are not finite or too long."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _MAY_BE_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"{text} is no finite number; quote it if text is meant")
    if len(text) > MAX_NUMBER_DIGITS:
        if re.fullmatch(r"[-+.0-9eExXo]+", text):
            raise ScalarError(f"a number of more than {MAX_NUMBER_DIGITS} digits; quote it if text is meant")
        return text
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return int(text, base)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ScalarError("a number beyond the range of float64")
    return value


_TAGGED: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:null": (type(None),),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (float, int),
}
STRING_TAGS = ("!", "tag:yaml.org,2002:str")


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit core tag. Raises ScalarError, KeyError for other tags."""
    if tag in STRING_TAGS:
        return text
    types = _TAGGED[tag]
    value = plain(text)
    if type(value) not in types:
        raise ScalarError(f"this is no {tag.rpartition(':')[2]}")
    return float(value) if float in types and isinstance(value, int) else value


def key(text: str) -> str:
    """The key that a plain scalar stands for. Raises ScalarError where readers would not see the same text.

    Decimal numbers are taken as they are written: `200:` is the usual way to write a response in OpenAPI.
    """
    value = plain(text)
    if isinstance(value, str):
        if _TIMESTAMP.fullmatch(text):
            raise ScalarError("a date as key: quote it")
        return value
    if isinstance(value, int) and not isinstance(value, bool) and text.isdigit():
        return text
    raise ScalarError("a key must be text: quote it")
