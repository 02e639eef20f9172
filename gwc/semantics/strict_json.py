"""RFC 8259 to the letter, within limits, with exact numbers: character by character and without recursion."""

from __future__ import annotations

import re
from decimal import Decimal

from gwc.controls.validation import Limits
from gwc.jsonschema.constant import JsonValue

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9A-Fa-f]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 1000
_SMALLEST = Decimal("1e-308")

JSON, NUMBER = "json", "number"


class MalformedError(Exception):
    """The text is no strict JSON."""


class OutOfRangeError(Exception):
    """A number that this version does not compare."""


def number(text: str) -> int | Decimal:
    """The number of a text that has the form of one. Raises OutOfRangeError (docs/validation.md)."""
    if len(text) > _LONGEST_NUMBER:
        raise OutOfRangeError
    mantissa = re.split("[eE]", text)[0]
    if not re.search("[1-9]", mantissa):
        return 0
    nearest = abs(float(text))
    if nearest == float("inf") or nearest == 0:
        raise OutOfRangeError
    found = Decimal(text)
    if abs(found) < _SMALLEST:
        raise OutOfRangeError
    return int(text) if mantissa == text and "." not in text else found


class Reading:
    """One text and everything that is wrong with it, as far as it can be read."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        """Reads at once."""
        self.value: JsonValue = None
        self.faults: dict[str, None] = {}
        """Keywords, each once, in the order of the text: `json`, `number`, names of limits."""
        self._limits, self._members, self._at, self._text = limits, 0, 0, ""
        try:
            self._text = _decoded(raw, self.faults)
            self.value = self._document()
        except MalformedError:
            self.faults[JSON] = None

    def _document(self) -> JsonValue:
        """The whole text; a byte order mark is no blank."""
        top: list[JsonValue] = []
        stack: list[_Open] = []
        done = False
        while not done:
            value, is_open = self._value_start()
            if is_open is not None:
                stack.append(is_open)
                self._check("jsonDepth", len(stack), self._limits.json_depth)
                if not self._closes_empty(is_open):
                    self._name_if_object(is_open)
                    continue
                value = stack.pop().value
            done = self._give(value, stack, top)
        self._skip()
        if self._at != len(self._text):
            raise MalformedError
        return top[0]

    def _give(self, value: JsonValue, stack: list[_Open], top: list[JsonValue]) -> bool:
        """Puts a complete value where it belongs and closes what ends behind it; true at the end of the document."""
        while stack:
            here = stack[-1]
            self._add(here, value)
            self._skip()
            char = self._take()
            if char == ",":
                self._name_if_object(here)
                return False
            if char != here.end:
                raise MalformedError
            value = stack.pop().value
        top.append(value)
        return True

    def _add(self, here: _Open, value: JsonValue) -> None:
        if isinstance(here.value, list):
            here.value.append(value)
            self._check("arrayItems", len(here.value), self._limits.array_items)
        else:
            here.value[here.name] = value

    def _value_start(self) -> tuple[JsonValue, _Open | None]:
        """A scalar, or the beginning of an array or object."""
        self._skip()
        char = self._peek()
        if char in ("[", "{"):
            self._at += 1
            return None, _Open(char)
        if char == '"':
            return self._string(), None
        return self._word_or_number(), None

    def _word_or_number(self) -> JsonValue:
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return value
        found = _NUMBER.match(self._text, self._at)
        if not found:
            raise MalformedError
        self._at = found.end()
        try:
            return number(found[0])
        except OutOfRangeError:
            self.faults[NUMBER] = None
            return 0

    def _closes_empty(self, here: _Open) -> bool:
        self._skip()
        if self._peek() != here.end:
            return False
        self._at += 1
        return True

    def _name_if_object(self, here: _Open) -> None:
        if isinstance(here.value, list):
            return
        self._skip()
        if self._peek() != '"':
            raise MalformedError
        here.name = self._string()
        if here.name in here.value:
            raise MalformedError
        self._members += 1
        self._check("jsonKeys", self._members, self._limits.json_keys)
        self._skip()
        if self._take() != ":":
            raise MalformedError

    def _string(self) -> str:
        self._at += 1
        pieces: list[str] = []
        while True:
            plain = _PLAIN.match(self._text, self._at)
            assert plain is not None, "it matches the empty text"
            pieces.append(plain[0])
            self._at = plain.end()
            char = self._take()
            if char == '"':
                break
            if char != "\\":
                raise MalformedError
            pieces.append(self._escape())
        text = _joined("".join(pieces))
        self._check("stringBytes", len(text.encode()), self._limits.string_bytes)
        return text

    def _escape(self) -> str:
        char = self._take()
        if char == "u":
            digits = _HEX.match(self._text, self._at)
            if not digits:
                raise MalformedError
            self._at += 4
            return chr(int(digits[0], 16))
        if char not in _ESCAPES:
            raise MalformedError
        return _ESCAPES[char]

    def _check(self, limit: str, found: int, most: int) -> None:
        if found > most:
            self.faults[limit] = None

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None, "it matches the empty text"
        self._at = found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        self._at += 1
        return char


def _decoded(raw: bytes, faults: dict[str, None]) -> str:
    """The text as far as it is UTF-8: a reader may find another fault before it comes to the end of that."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as e:
        faults[JSON] = None
        return raw[: e.start].decode("utf-8")


class _Open:
    """An array or object that is not closed yet; `name`: of the member that comes next."""

    def __init__(self, char: str) -> None:
        self.value: list[JsonValue] | dict[str, JsonValue] = [] if char == "[" else {}
        self.end = "]" if char == "[" else "}"
        self.name = ""


def _joined(text: str) -> str:
    """The text with each pair of surrogates as the character that it stands for; one alone is malformed."""
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise MalformedError from None
