"""Makes text of unknown origin safe to print: one line, no control over the terminal, no reordering, no secrets of URLs."""

from __future__ import annotations

import re
import unicodedata

_USER_INFO = re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)")
_API_KEY = re.compile(r"(?<=gwc_)[0-9A-Za-z]{49}", re.ASCII)
"""What `gwc.keys` makes: one that was written into a file by mistake is shown nowhere else."""
_NAMED = re.compile(
    r"""(?ix)
    (?<![a-z0-9])(?: [a-z0-9_-]*(?:secret|passw(?:or)?d|passphrase|credentials?|api_?-?key|private_?-?key) | (?:access|auth|bearer|refresh)?_?-?token )
    ["']? \s* [:=] \s* ["']?
    (?! file: | env: | vault: | sha256: | [\[{$&*!|>] )
    (?P<value> [^\s"',{}\[\]][^"',{}\[\]\n]* )
    """
)
"""A value under a name that says what it is: someone wrote the thing itself where a reference belongs."""
_PRIVATE_MEMBER = re.compile(r"""(?<=["'{ ,])(?:d|p|q|dp|dq|qi|k)["']?\s*:\s*["']?(?P<value>[A-Za-z0-9_+/=-]{8,})""")
"""Of a JSON Web Key (RFC 7518 6.2.2, 6.3.2, 6.4.1)."""
MAX_MESSAGE = 500
"""Characters of a message or a label's text."""


def harmless(text: str) -> str:
    """The text with every character that is not printable replaced by one that is: columns stay where they are.

    Controls become control pictures (U+2400), tabs a space, and bidirectional marks, invisible characters, unusual spaces
    and lone surrogates U+FFFD. What looks like a secret becomes asterisks: user names and passwords of URLs, API keys, private members of
    keys, and values under names such as `secret` and `password` that are no references.
    """
    hidden = text
    for secret in (_USER_INFO, _API_KEY):
        hidden = secret.sub(lambda m: "*" * len(m.group()), hidden)
    for secret in (_NAMED, _PRIVATE_MEMBER):
        hidden = secret.sub(_without_value, hidden)
    return hidden if hidden.isprintable() else "".join(map(_visible, hidden))


def _without_value(found: re.Match[str]) -> str:
    start = found.start("value") - found.start()
    return found[0][:start] + "*" * len(found["value"]) + found[0][start + len(found["value"]) :]


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
