"""Ends of a command that are no error of gwc."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - carries an exit code, not necessarily an error
    """Ends the command with this exit code and, unless it is empty, this message on standard error."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message
