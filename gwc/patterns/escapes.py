r"""What follows a backslash, inside and outside of classes (ECMA-262 22.2.1, [+UnicodeMode])."""

from __future__ import annotations

from gwc.patterns import code_points as cp
from gwc.patterns.code_points import Ranges
from gwc.patterns.properties import property_ranges
from gwc.patterns.scanner import Scanner

_HEX = "0123456789abcdefABCDEF"
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTROLS = {"f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_SYNTAX = "^$\\.*+?()[]{}|/"
_CLASSES: dict[str, Ranges] = {
    "d": cp.DIGIT, "D": cp.complement(cp.DIGIT), "w": cp.WORD, "W": cp.complement(cp.WORD), "s": cp.SPACE, "S": cp.complement(cp.SPACE),
}  # fmt: skip


def class_escape(scanner: Scanner) -> Ranges | None:
    r"""The set of `\d`, `\p{..}` and their like; None, and nothing taken, when it is another escape. The backslash is taken."""
    letter = scanner.peek()
    if letter in ("p", "P"):
        return _property(scanner)
    known = _CLASSES.get(letter)
    if known is not None:
        scanner.next()
    return known


def _property(scanner: Scanner) -> Ranges:
    column = scanner.column - 1
    negated = scanner.next() == "P"
    end = scanner.text.find("}", scanner.at)
    if not scanner.take("{") or end < 0:
        scanner.fail(r"\p and \P need the name of a property in braces", column)
    name, _, value = scanner.text[scanner.at : end].partition("=")
    ranges = property_ranges(name, value if "=" in scanner.text[scanner.at : end] else None)
    if ranges is None:
        scanner.fail(f"no property of Unicode that ECMA-262 knows: {scanner.text[scanner.at : end]!a}", column)
    scanner.at = end + 1
    return cp.complement(ranges) if negated else ranges


def character_escape(scanner: Scanner) -> int:
    r"""The code point of an escape that stands for one character. The backslash is taken."""
    column = scanner.column - 1
    char = scanner.next()
    if char in _CONTROLS:
        return _CONTROLS[char]
    if char == "c":
        return _control(scanner, column)
    if char == "0" and scanner.peek() not in tuple(_DIGITS):
        return 0
    if char == "x":
        return _hex(scanner, 2, column)
    if char == "u":
        return _unicode(scanner, column)
    if not char or char not in _SYNTAX:
        scanner.fail(_no_escape(char), column)
    return ord(char)


def _no_escape(char: str) -> str:
    if not char:
        return "a backslash at the end"
    shown = f"\\{char}" if char.isprintable() else f"a backslash before U+{ord(char):04X}"
    return f"{shown} is no escape in ECMA-262 with flag u"


def _control(scanner: Scanner, column: int) -> int:
    letter = scanner.next()
    if not letter or letter not in _LETTERS:
        scanner.fail(r"\c needs a letter of ASCII", column)
    return ord(letter) % 32


def _hex(scanner: Scanner, count: int, column: int) -> int:
    digits = scanner.text[scanner.at : scanner.at + count]
    if len(digits) < count or any(digit not in _HEX for digit in digits):
        scanner.fail(f"an escape that needs {count} hexadecimal digits", column)
    scanner.at += count
    return int(digits, 16)


def _unicode(scanner: Scanner, column: int) -> int:
    if scanner.take("{"):
        return _braced(scanner, column)
    lead = _hex(scanner, 4, column)
    start = scanner.at
    if 0xD800 <= lead <= 0xDBFF and scanner.take("\\u") and scanner.peek() != "{":
        trail = scanner.text[scanner.at : scanner.at + 4]
        if len(trail) == 4 and all(digit in _HEX for digit in trail) and 0xDC00 <= int(trail, 16) <= 0xDFFF:
            scanner.at += 4
            return 0x10000 + ((lead - 0xD800) << 10) + int(trail, 16) - 0xDC00
    scanner.at = start
    return lead


def _braced(scanner: Scanner, column: int) -> int:
    digits = scanner.take_while(_HEX).lstrip("0") or "0"
    if scanner.text[scanner.at - 1] == "{" or not scanner.take("}"):
        scanner.fail(r"\u{ needs hexadecimal digits and }", column)
    if len(digits) > 6 or int(digits, 16) > cp.LAST:
        scanner.fail("no code point: the last is U+10FFFF", column)
    return int(digits, 16)
