"""What each `format` asserts, as data. Sources: JSON Schema 2020-12 validation, section 7.3, and the format registry of OpenAPI.

Patterns are ECMA-262 with flag u, for `gwc.patterns.compile_pattern`; all of a format's patterns must be found, and each fits into an automaton.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class TextFormat:
    """For strings: each pattern is found, and there are at most `max_length` code points (None: any number)."""

    patterns: tuple[str, ...]
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """For numbers: a value from `low` to `high`. `type: integer` says that it is whole, not the format."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class FreeFormat:
    """Known, and asserts nothing."""


@dataclass(frozen=True, slots=True)
class RefusedFormat:
    """Can't be asserted exactly. `reason`: a clause for the finding."""

    reason: str


Format = TextFormat | NumberFormat | FreeFormat | RefusedFormat

NAMES = (
    "binary", "byte", "date", "date-time", "double", "duration", "email", "float", "hostname", "idn-email", "idn-hostname", "int32", "int64",
    "ipv4", "ipv6", "iri", "iri-reference", "json-pointer", "password", "regex", "relative-json-pointer", "time", "uri", "uri-reference",
    "uri-template", "uuid",
)  # fmt: skip
"""The formats that `format_of` knows, sorted."""


@cache
def format_of(name: str) -> Format | None:
    """What a format asserts; None for a name that is none of `NAMES`: then it asserts nothing, and a note is due."""
    if name not in NAMES:
        return None
    return _OTHERS.get(name) or TextFormat(*_text(name))


_OTHERS: dict[str, Format] = {
    "int32": NumberFormat(-(2**31), 2**31 - 1),
    "int64": NumberFormat(-(2**63), 2**63 - 1),
    "float": FreeFormat(),
    "double": FreeFormat(),
    "password": FreeFormat(),
    "binary": FreeFormat(),
    "regex": RefusedFormat("whether a text is an expression of ECMA-262 can't be told by an automaton"),
    "idn-hostname": RefusedFormat("IDNA 2008 has rules about contexts and Punycode that no automaton of bounded size holds"),
    "idn-email": RefusedFormat("its domain is an internationalised host name: IDNA 2008 has rules that no automaton of bounded size holds"),
}


def _text(name: str) -> tuple[tuple[str, ...], int | None]:
    """Patterns and maximal length of a format of strings."""
    from gwc.jsonschema import format_patterns as patterns  # noqa: PLC0415 built only when a document uses formats

    return {
        "byte": ((patterns.BASE64,), None),
        "date": ((patterns.DATE,), None),
        "date-time": ((patterns.DATE_TIME, patterns.LEAP_MINUTE, patterns.LEAP_HOUR), None),
        "duration": ((patterns.DURATION,), None),
        "email": ((patterns.MAILBOX, patterns.LOCAL_PART_64), 254),
        "hostname": ((patterns.HOSTNAME,), 253),
        "ipv4": ((patterns.IPV4,), None),
        "ipv6": ((patterns.IPV6,), None),
        "iri": ((patterns.IRI,), None),
        "iri-reference": ((patterns.IRI_REFERENCE,), None),
        "json-pointer": ((patterns.JSON_POINTER,), None),
        "relative-json-pointer": ((patterns.RELATIVE_JSON_POINTER,), None),
        "time": ((patterns.TIME, patterns.LEAP_MINUTE, patterns.LEAP_HOUR), None),
        "uri": ((patterns.URI,), None),
        "uri-reference": ((patterns.URI_REFERENCE,), None),
        "uri-template": ((patterns.URI_TEMPLATE,), None),
        "uuid": ((patterns.UUID,), None),
    }[name]
