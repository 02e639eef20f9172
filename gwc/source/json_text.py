"""JSON to plain values at the speed of the C scanner; a slow exact scanner speaks when something is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gwc.diagnostics import Span
from gwc.source import codes
from gwc.source.limits import MAX_DEPTH, MAX_NODES, MAX_NUMBER_DIGITS
from gwc.source.text import Lines, duplicate, problem

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
_SUSPICIOUS = re.compile(rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}|\\u0000")
"""Escapes that may be a lone surrogate or a NUL: valid for Python's scanner, refused here (NUL: in names)."""
_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'[\[\]{},:]|"(?:[^"\\]++|\\.)*+(?:"|\Z)|[^\[\]{},:"\s]+', re.DOTALL)
"""Possessive, and a string without end is one token: linear time for any text."""


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """The C scanner met something valid in Python but not for gwc: the exact scanner says where."""


def parse_json(path: str, text: str) -> Any:
    """The value of a JSON text (RFC 8259): a dict or a list. Raises Problems.

    Refused beyond the grammar: duplicate names, NaN and infinities, numbers with more than `MAX_NUMBER_DIGITS` digits or
    beyond float64, lone surrogates, NUL in names, more than `MAX_DEPTH` levels.
    """
    if text.count(",") > MAX_NODES:
        raise problem(codes.LIMIT, f"more than {MAX_NODES} values", Span(path, 1, 1))
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as e:
        _explain(path, text)
        raise problem(codes.SYNTAX, _syntax(e.msg), Lines(path, text).span(e.pos, e.pos + 1)) from None
    except (_Refused, RecursionError):
        _explain(path, text)
        raise problem(codes.SYNTAX, "malformed JSON", Span(path, 1, 1)) from None
    if _SUSPICIOUS.search(text) or _is_deeper(value, MAX_DEPTH):
        _explain(path, text)
    if not isinstance(value, dict | list):
        raise problem(codes.SYNTAX, "the document must be an object or an array", Span(path, 1, 1))
    return value


def _syntax(message: str) -> str:
    """The scanner's message, in the middle of a sentence, without its "at" or quoted parts of the input."""
    return f"malformed JSON: {message[0].lower()}{message[1:].removesuffix(' at')}"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise _Refused
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")) or len(digits) > MAX_NUMBER_DIGITS:
        raise _Refused
    return number


def _constant(_name: str) -> Any:
    raise _Refused


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [v for c in level for v in (c.values() if type(c) is dict else c) if type(v) is dict or type(v) is list]
    return bool(level)


class _Open(NamedTuple):
    """A container that the exact scanner is inside of: the names seen so far, with the offsets of their tokens."""

    start: int
    names: dict[str, int] | None  # None: an array


def _explain(path: str, text: str) -> None:
    """Raises Problems for the first thing in the text that gwc refuses; returns when there is none (or the grammar itself is broken before)."""
    lines = Lines(path, text)
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        first = token.group()[0]
        if first in "[{":
            stack.append(_Open(token.start(), {} if first == "{" else None))
            if len(stack) > MAX_DEPTH:
                raise problem(codes.LIMIT, f"more than {MAX_DEPTH} levels", lines.span(token.start(), token.end()))
        elif first in "]}":
            if not stack:
                return
            stack.pop()
        elif first == '"':
            names = stack[-1].names if stack else None
            _check_string(text, token, names, lines)
        elif first not in ",:":
            _check_number(token, lines)


def _check_string(text: str, token: re.Match[str], names: dict[str, int] | None, lines: Lines) -> None:
    place = lines.span(token.start(), token.end())
    try:
        string: str = json.loads(token.group())
    except json.JSONDecodeError:
        return
    if any("\ud800" <= c <= "\udfff" for c in string):
        raise problem(codes.ENCODING, "a lone surrogate is no character", place)
    if names is None or text[_end_of_space(text, token.end()) :][:1] != ":":
        return
    if "\0" in string:
        raise problem(codes.SCALAR, "a name with a NUL character", place)
    if string in names:
        earlier = lines.span(names[string], names[string] + 1)
        raise duplicate(string, place, earlier)
    names[string] = token.start()


def _check_number(token: re.Match[str], lines: Lines) -> None:
    digits = token.group()
    place = lines.span(token.start(), token.end())
    if digits in ("NaN", "Infinity", "-Infinity"):
        raise problem(codes.SCALAR, f"{digits} is no JSON number", place)
    number = re.match(r"-?[0-9][0-9.eE+-]*", digits)  # the scanner stops there, whatever comes behind it
    if not number:
        return
    digits = number[0]
    if len(digits) > MAX_NUMBER_DIGITS:
        raise problem(codes.SCALAR, f"a number of more than {MAX_NUMBER_DIGITS} digits", place)
    try:
        too_large = float(digits) in (float("inf"), float("-inf"))
    except ValueError:
        return
    if too_large and not digits.lstrip("-").isdigit():
        raise problem(codes.SCALAR, "a number beyond the range of float64", place)


def _end_of_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


class Member(NamedTuple):
    """Offsets of one member of an object (`key_*`: its name) or item of an array (`key_*`: the same as the value)."""

    key_start: int
    key_end: int
    start: int
    end: int


class JsonPositions:
    """Finds places in a well-formed JSON text by scanning only what lies before them; what it has seen, it keeps."""

    def __init__(self, path: str, text: str) -> None:
        self._text, self._lines = text, Lines(path, text)
        self._members: dict[int, dict[str | int, Member]] = {}
        # Skips a value in C; the hook keeps it from building the tree again.
        self._skip: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder(object_pairs_hook=lambda _: None))["scan_once"]

    def span(self, pointer: tuple[str | int, ...], *, key: bool = False) -> Span:
        """The span of a value, or of its name; of the nearest container when there is no such value."""
        start = _end_of_space(self._text, 0)
        member = Member(start, start + 1, start, start + 1)
        for step in pointer:
            below = self._members_at(member.start).get(step)
            if below is None:
                return self._span_of(member)
            member = below
        return self._lines.span(member.key_start, member.key_end) if key else self._span_of(member)

    def _span_of(self, member: Member) -> Span:
        is_container = self._text[member.start] in "{["
        return self._lines.span(member.start, member.start + 1 if is_container else member.end)

    def _members_at(self, start: int) -> dict[str | int, Member]:
        if start not in self._members:
            opening = self._text[start]
            found = self._names(start) if opening == "{" else self._items(start) if opening == "[" else iter(())
            self._members[start] = dict(found)
        return self._members[start]

    def _names(self, start: int) -> Iterator[tuple[str | int, Member]]:
        text = self._text
        at = _end_of_space(text, start + 1)
        while text[at] == '"':
            name, name_end = self._skip(text, at)
            value = _end_of_space(text, _end_of_space(text, name_end) + 1)
            _, end = self._skip(text, value)
            yield name, Member(at, name_end, value, end)
            at = _end_of_space(text, end)
            if text[at] != ",":
                return
            at = _end_of_space(text, at + 1)

    def _items(self, start: int) -> Iterator[tuple[str | int, Member]]:
        text = self._text
        at, index = _end_of_space(text, start + 1), 0
        while text[at] != "]":
            _, end = self._skip(text, at)
            yield index, Member(at, end, at, end)
            at = _end_of_space(text, end)
            if text[at] != ",":
                return
            at, index = _end_of_space(text, at + 1), index + 1
