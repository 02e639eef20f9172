"""From texts of parameters and forms to JSON values: the rules of docs/validation.md, "Reading a text"."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote_to_bytes

from gwc.jsonschema.constant import JsonValue
from gwc.semantics.strict_json import OutOfRangeError, number

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_MALFORMED_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WORDS: dict[str, tuple[str, JsonValue]] = {"true": ("boolean", True), "false": ("boolean", False), "null": ("null", None)}
TEXT_TYPES = frozenset({"null", "boolean", "integer", "number", "string"})


class UnreadableError(Exception):
    """A parameter or field has no value; `keyword` says why."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


def percent_decoded(raw: str, *, plus: bool) -> str:
    """The text of latin-1 characters without escapes, as UTF-8. Raises UnreadableError."""
    if _MALFORMED_ESCAPE.search(raw):
        raise UnreadableError("style")
    return utf8(unquote_to_bytes((raw.replace("+", " ") if plus else raw).encode("latin-1")))


def plain(raw: str) -> str:
    """The text of latin-1 characters as UTF-8. Raises UnreadableError."""
    return utf8(raw.encode("latin-1"))


def utf8(raw: bytes) -> str:
    """The text of the bytes. Raises UnreadableError."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("style") from None


def fits(text: str, types: Collection[str]) -> bool:
    """Whether the text is a value of one of the types."""
    try:
        return "string" in types or not isinstance(value_of(text, types), str)
    except UnreadableError:
        return False


def value_of(text: str, types: Collection[str]) -> JsonValue:
    """The value of a text where these types are possible. Raises UnreadableError for a number out of range."""
    if not {"integer", "number"}.isdisjoint(types) and _NUMBER.match(text):
        try:
            found = number(text)
        except OutOfRangeError:
            raise UnreadableError("number") from None
        if "number" in types or found == int(found):
            return found
    name, value = _WORDS.get(text, ("", None))
    return value if name in types else text
