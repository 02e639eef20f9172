"""Character classes: what stands in brackets (ECMA-262 22.2.1 CharacterClass, [+UnicodeMode])."""

from __future__ import annotations

from gwc.patterns import code_points as cp
from gwc.patterns.code_points import Ranges
from gwc.patterns.escapes import character_escape, class_escape
from gwc.patterns.scanner import Scanner


def parse_class(scanner: Scanner) -> Ranges:
    """The set of a class whose opening bracket is taken; takes the closing one."""
    opened = scanner.column - 1
    negated = scanner.take("^")
    found: list[tuple[int, int]] = []
    while not scanner.take("]"):
        if not scanner.peek():
            scanner.fail("a class that is not closed", opened)
        found.extend(_atom_or_range(scanner))
    ranges = cp.united(found)
    return cp.complement(ranges) if negated else ranges


def _atom_or_range(scanner: Scanner) -> Ranges:
    column = scanner.column
    first = _atom(scanner)
    if scanner.peek() != "-" or scanner.peek(1) in ("]", ""):
        return first if isinstance(first, tuple) else cp.single(first)
    scanner.next()
    last = _atom(scanner)
    if isinstance(first, tuple) or isinstance(last, tuple):
        scanner.fail("a range whose end is a class of characters", column)
    if first > last:
        scanner.fail("a range whose end is before its start", column)
    return ((first, last),)


def _atom(scanner: Scanner) -> int | Ranges:
    char = scanner.next()
    if char != "\\":
        return ord(char)
    if scanner.take("b"):
        return 0x08
    if scanner.take("-"):
        return ord("-")
    found = class_escape(scanner)
    return character_escape(scanner) if found is None else found
