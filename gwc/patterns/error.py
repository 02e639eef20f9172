"""What is wrong with a regular expression, and where."""

from __future__ import annotations


class PatternError(ValueError):
    """The expression isn't one of ECMA-262 with flag u, or can't be matched exactly in bounded time.

    `column`: 1-based, in characters of the expression. `message`: a sentence without the column.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.message = message
        self.column = column
