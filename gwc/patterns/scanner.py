"""A place in the text of an expression."""

from __future__ import annotations

from typing import NoReturn

from gwc.patterns.error import PatternError


class Scanner:
    """Reads characters (code points) from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def column(self) -> int:
        """Of the character that comes next; 1-based."""
        return self.at + 1

    def peek(self, ahead: int = 0) -> str:
        """The next character; empty at the end."""
        at = self.at + ahead
        return self.text[at] if at < len(self.text) else ""

    def next(self) -> str:
        """Takes a character; empty at the end."""
        char = self.peek()
        self.at += len(char)
        return char

    def take(self, expected: str) -> bool:
        """Whether `expected` comes next, and takes it then."""
        if not self.text.startswith(expected, self.at):
            return False
        self.at += len(expected)
        return True

    def take_while(self, allowed: str) -> str:
        """The longest run of characters out of `allowed`, which may be empty."""
        start = self.at
        while self.peek() and self.peek() in allowed:
            self.at += 1
        return self.text[start : self.at]

    def fail(self, message: str, column: int | None = None) -> NoReturn:
        """Raises at `column`, or where the scanner stands."""
        raise PatternError(message, self.column if column is None else column)
