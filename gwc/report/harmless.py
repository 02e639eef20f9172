"""Makes text of unknown origin safe to print: one line, no control over the terminal, no reordering, no secrets of URLs."""

from __future__ import annotations

import re
import unicodedata

_USER_INFO = re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)")
MAX_MESSAGE = 500
"""Characters of a message or a label's text."""


def harmless(text: str) -> str:
    """The text with every character that is not printable replaced by one that is: columns stay where they are.

    Controls become control pictures (U+2400), tabs a space, and bidirectional marks, invisible characters, unusual spaces
    and lone surrogates U+FFFD. User names and passwords of URLs become asterisks.
    """
    hidden = _USER_INFO.sub(lambda m: "*" * len(m.group()), text)
    return hidden if hidden.isprintable() else "".join(map(_visible, hidden))


def one_line(text: str) -> str:
    """A message of at most `MAX_MESSAGE` characters on one line."""
    cut = text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."
    return harmless(" ".join(cut.split("\n")))


def width(text: str) -> int:
    """How many columns of a terminal the harmless text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character == "\t":
        return " "
    if character < " ":
        return chr(0x2400 + ord(character))
    return "\u2421" if character == "\x7f" else "\ufffd"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
