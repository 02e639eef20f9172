"""ECMA-262 expressions, as `RegExp(p, "u")` reads them, into syntax trees. Nothing of Annex B."""

from __future__ import annotations

from gwc.patterns import code_points as cp
from gwc.patterns.classes import parse_class
from gwc.patterns.escapes import character_escape, class_escape
from gwc.patterns.properties import property_ranges
from gwc.patterns.scanner import Scanner
from gwc.patterns.syntax import EMPTY, Chars, Choice, Edge, Look, Node, Repeat, Sequence

MAX_LENGTH = 20_000
"""Characters of an expression."""

MAX_NESTING = 100
"""Groups inside one another: bounds the recursion of everything that walks a tree."""

_LOOKS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}
_DIGITS = "0123456789"


def parse(text: str) -> Node:
    """The tree of an expression. Raises `PatternError`."""
    if len(text) > MAX_LENGTH:
        Scanner(text).fail(f"an expression of more than {MAX_LENGTH} characters", MAX_LENGTH + 1)
    return _Parser(text).parse()


def leading_lookaheads(text: str) -> tuple[list[str], int] | None:
    """The texts of the lookaheads that follow a leading `^`, and the index behind them; None without `^`. The expression parses."""
    parser = _Parser(text)
    if not parser.take("^"):
        return None
    looks: list[str] = []
    while text.startswith(("(?=", "(?!"), parser.at):
        start = parser.at
        parser.term()
        looks.append(text[start : parser.at])
    return looks, parser.at


class _Parser(Scanner):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nesting = 0
        self.names: set[str] = set()

    def parse(self) -> Node:
        for at, char in enumerate(self.text):
            if "\ud800" <= char <= "\udfff":
                self.fail("a surrogate, which is no character", at + 1)
        tree = self.disjunction()
        if self.peek():
            self.fail("a closing parenthesis without an opening one")
        return tree

    def disjunction(self) -> Node:
        options = [self.alternative()]
        while self.take("|"):
            options.append(self.alternative())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def alternative(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts)) if parts else EMPTY

    def term(self) -> Node:
        column = self.column
        atom = self.assertion()
        if atom is not None:
            if self.peek() in ("*", "+", "?") or (self.peek() == "{"):
                self.fail("nothing to repeat: an assertion takes no quantifier")
            return atom
        return self.quantified(self.atom(column))

    def assertion(self) -> Node | None:
        column = self.column
        if self.take("^"):
            return Edge("start", column)
        if self.take("$"):
            return Edge("end", column)
        if self.take("\\b"):
            return Edge("boundary", column)
        if self.take("\\B"):
            return Edge("inside", column)
        for opening, (ahead, negative) in _LOOKS.items():
            if self.take(opening):
                return Look(self.group(column), ahead, negative, column)
        return None

    def group(self, column: int) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"more than {MAX_NESTING} groups inside one another", column)
        body = self.disjunction()
        if not self.take(")"):
            self.fail("a group that is not closed", column)
        self.nesting -= 1
        return body

    def atom(self, column: int) -> Node:
        char = self.next()
        if char == "(":
            return self.plain_group(column)
        if char == "[":
            return Chars(parse_class(self))
        if char == ".":
            return Chars(cp.NOT_LINE_TERMINATOR)
        if char == "\\":
            return self.escape(column)
        if char in "*+?":
            self.fail("nothing to repeat", column)
        if char in "{}]":
            self.fail(f"a lone {char} must be escaped in ECMA-262 with flag u", column)
        return Chars(cp.single(ord(char)))

    def plain_group(self, column: int) -> Node:
        if self.take("?"):
            if self.take("<"):
                self.group_name(column)
            elif not self.take(":"):
                self.fail("no kind of group that ECMA-262 knows", column)
        return self.group(column)

    def group_name(self, column: int) -> None:
        name = ""
        while not self.take(">"):
            char = self.next()
            code_point = self.escaped_name(column) if char == "\\" else ord(char) if char else -1
            if not _fits_name(code_point, first=not name):
                self.fail("a name of a group that is no identifier", column)
            name += chr(code_point)
        if not name or name in self.names:
            self.fail("two groups with one name" if name else "a group with an empty name", column)
        self.names.add(name)

    def escaped_name(self, column: int) -> int:
        if self.peek() != "u":
            self.fail("a name of a group that is no identifier", column)
        return character_escape(self)

    def escape(self, column: int) -> Node:
        if self.peek() and self.peek() in "123456789":
            self.fail("a backreference can't be matched in bounded time", column)
        if self.peek() == "k":
            self.fail("a backreference can't be matched in bounded time", column)
        ranges = class_escape(self)
        return Chars(cp.single(character_escape(self)) if ranges is None else ranges)

    def quantified(self, atom: Node) -> Node:
        column = self.column
        bounds = self.bounds()
        if bounds is None:
            return atom
        self.take("?")  # lazy: the same language
        if self.peek() in ("*", "+", "?"):
            self.fail("nothing to repeat: a quantifier after a quantifier")
        return Repeat(atom, bounds[0], bounds[1], column)

    def bounds(self) -> tuple[int, int | None] | None:
        if self.take("*"):
            return 0, None
        if self.take("+"):
            return 1, None
        if self.take("?"):
            return 0, 1
        return self.braces() if self.peek() == "{" else None

    def braces(self) -> tuple[int, int | None]:
        column = self.column
        self.next()
        low = self.number(column)
        high: int | None = low
        if self.take(","):
            high = None if self.peek() == "}" else self.number(column)
        if not self.take("}"):
            self.fail("a quantifier that is not {n}, {n,} or {n,m}", column)
        if high is not None and high < low:
            self.fail("a quantifier whose end is before its start", column)
        return low, high

    def number(self, column: int) -> int:
        digits = self.take_while(_DIGITS)
        if not digits:
            self.fail("a lone { must be escaped in ECMA-262 with flag u", column)
        if len(digits.lstrip("0")) > 9:
            self.fail("a repetition that is too large", column)
        return int(digits[-10:] if digits.lstrip("0") else "0")


def _fits_name(code_point: int, *, first: bool) -> bool:
    """ECMA-262 12.7: IdentifierStart, then IdentifierPart."""
    if code_point in (0x24, 0x5F) or (not first and code_point in (0x200C, 0x200D)):
        return True
    if code_point < 0x80:
        return chr(code_point).isalpha() or (not first and chr(code_point).isdigit()) if code_point >= 0 else False
    ranges = property_ranges("ID_Start" if first else "ID_Continue", None) or ()
    return any(low <= code_point <= high for low, high in ranges)
