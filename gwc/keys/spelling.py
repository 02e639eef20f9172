"""How new entries are written: like those that are already in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gwc.keys.layout import Layout, Node
from gwc.keys.text_edit import column

Members = Sequence[tuple[str, str]]
"""Names and values of a key's entry, in the order in which they are written."""

_PLAIN = re.compile(r"(?:sha256:[0-9a-f]+|[A-Za-z][A-Za-z0-9._@-]*)", re.ASCII)
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Plain words that are no text for readers of YAML 1.1 or 1.2."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """Quotes (an empty text: none), and which collections are in block form; `offset` is the columns from the name `keys` to the dashes below."""

    name_quote: str = ""
    id_quote: str = ""
    value_quote: str = '"'
    consumer_is_block: bool = True
    keys_are_block: bool = True
    key_is_block: bool = False
    offset: int = 2

    def name(self, text: str) -> str:
        """A member's name and its colon."""
        return f"{self.name_quote}{text}{self.name_quote}: "


def quoted(text: str, quote: str) -> str:
    """A text of visible ASCII without quotes and backslashes; in double quotes where none would make it something else."""
    if not quote and (not _PLAIN.fullmatch(text) or text.lower() in _NOT_TEXT):
        quote = '"'
    return f"{quote}{text}{quote}"


class Entry(Protocol):
    """Something to be written into a list or mapping."""

    def flow(self) -> str:
        """The entry on one line."""
        ...

    def block(self, indent: str, line_break: str) -> str:
        """The entry on lines of its own: the first without indentation, the others with `indent`."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """An entry that is always on one line."""

    text: str

    def flow(self) -> str:
        """The line."""
        return self.text

    def block(self, indent: str, line_break: str) -> str:  # noqa: ARG002 - as the protocol has it
        """The line."""
        return self.text


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """An item of a list of keys."""

    members: Members
    spelling: Spelling

    def flow(self) -> str:
        """In braces."""
        return f"{{{', '.join(self._lines())}}}"

    def block(self, indent: str, line_break: str) -> str:
        """A line for each member when those of the file are so, else in braces."""
        return f"{line_break}{indent}".join(self._lines()) if self.spelling.key_is_block else self.flow()

    def _lines(self) -> Iterator[str]:
        for name, value in self.members:
            yield self.spelling.name(name) + quoted(value, self.spelling.value_quote)


@dataclass(frozen=True, slots=True)
class KeysEntry:
    """The member `keys` with one key."""

    key: KeyEntry

    def flow(self) -> str:
        """With the list in brackets."""
        return f"{self.key.spelling.name('keys')}[{self.key.flow()}]"

    def block(self, indent: str, line_break: str) -> str:
        """With a dash on the next line, or as in `flow`."""
        spelling = self.key.spelling
        if not spelling.keys_are_block:
            return self.flow()
        dash = indent + " " * spelling.offset
        return f"{spelling.name('keys').rstrip()}{line_break}{dash}- {self.key.block(f'{dash}  ', line_break)}"


@dataclass(frozen=True, slots=True)
class ConsumerEntry:
    """An item of the list of consumers, with one key."""

    id: str
    keys: KeysEntry

    def flow(self) -> str:
        """In braces."""
        return f"{{{self._named()}, {self.keys.flow()}}}"

    def block(self, indent: str, line_break: str) -> str:
        """A line for each member when those of the file are so, else in braces."""
        if not self.keys.key.spelling.consumer_is_block:
            return self.flow()
        return f"{self._named()}{line_break}{indent}{self.keys.block(indent, line_break)}"

    def _named(self) -> str:
        spelling = self.keys.key.spelling
        return spelling.name("id") + quoted(self.id, spelling.id_quote)


def spelling_of(layout: Layout, near: Node | None) -> Spelling:
    """The spelling of the consumer `near` when it has a key, else of the last one with a key, else of the last one."""
    if near is not None and _last_key(near) is not None:
        return _of_consumer(layout, near)
    consumers = [c for c in layout.at("consumers").children if c.kind == "mapping"]
    with_keys = [c for c in consumers if _last_key(c) is not None]
    chosen = with_keys or consumers
    if chosen:
        return _of_consumer(layout, chosen[-1])
    quote = _quote_of_names(layout.root)
    return Spelling(name_quote=quote, id_quote=quote)


def _of_consumer(layout: Layout, consumer: Node) -> Spelling:
    found = Spelling(_quote_of_names(consumer), _quote(consumer.get("id")), consumer_is_block=not consumer.is_flow)
    keys, key = consumer.get("keys"), _last_key(consumer)
    if keys is None or key is None:
        return found
    found = replace(found, value_quote=_quote(key.get("digest")), keys_are_block=not keys.is_flow, key_is_block=not key.is_flow)
    if consumer.is_flow or keys.is_flow:
        return found
    name_at, dash_at = consumer.children[0].start, layout.dash(keys.children[0])
    return replace(found, offset=max(0, column(layout.text, dash_at) - column(layout.text, name_at)))


def _last_key(consumer: Node) -> Node | None:
    keys = consumer.get("keys")
    found = keys.children[-1] if keys is not None and keys.kind == "list" and keys.children else None
    return found if found is not None and found.kind == "mapping" else None


def _quote_of_names(mapping: Node) -> str:
    return mapping.children[0].quote if mapping.children else ""


def _quote(value: Node | None) -> str:
    """Quotes that a value of one line can have as well."""
    return value.quote if value is not None and value.quote in ("", "'", '"') and value.kind == "scalar" else '"'
