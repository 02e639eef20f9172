"""Where every node of a document begins and ends, as offsets into its text: what edits need and `gwc.source` does not keep.

The text was read by `gwc.source` before, so that it is one document of bounded depth without the traps that are refused there.
JSON is read as the subset of YAML that it nearly is; what the two see differently, `gwc.keys.change` notices and refuses.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import yaml

NodeKind = Literal["mapping", "list", "scalar", "alias"]


class Unchangeable(Exception):  # noqa: N818 - a fact about the file, not an error of gwc
    """The text can't be changed without changing something else, or not by gwc; the message says what is in the way."""


@dataclass(slots=True)
class Node:
    """A node where it is written; an alias is a node of its own.

    `start` includes an anchor or tag. `end` is after the last character: of a block mapping or list after that of its last
    child, so that comments behind it are outside. `inside` is after the opening bracket of a flow collection.
    `children`: the items, or each key followed by its value.
    """

    kind: NodeKind
    start: int
    end: int
    inside: int = 0
    is_flow: bool = False
    quote: str = ""  # of a scalar: "", ', ", | or >
    text: str = ""  # of a scalar
    children: list[Node] = field(default_factory=list)

    def members(self) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a mapping, in the order of the file."""
        yield from list(pairwise(self.children))[::2] if self.kind == "mapping" else ()

    def get(self, name: str) -> Node | None:
        """The value of a member."""
        return next((value for key, value in self.members() if key.text == name), None)


class Layout:
    """The nodes of a text, and the punctuation between them."""

    def __init__(self, text: str) -> None:
        """Reads the text. Raises Unchangeable."""
        self.text = text
        self._dashes: list[int] = []
        self._commas: list[int] = []
        try:
            self.root = _tree(text)
            self._scan()
        except yaml.YAMLError:
            raise Unchangeable("the file has characters that gwc can read but not edit: change it by hand") from None

    def _scan(self) -> None:
        found: dict[type[yaml.Token], list[int]] = {yaml.BlockEntryToken: self._dashes, yaml.FlowEntryToken: self._commas}
        for token in yaml.scan(self.text, Loader=yaml.CSafeLoader):
            if type(token) in found:
                found[type(token)].append(token.start_mark.index)

    def at(self, *steps: str | int) -> Node:
        """The node of a path that exists in the document's value. Raises Unchangeable where an alias is on the way."""
        node = self.root
        for step in steps:
            found = node.get(step) if isinstance(step, str) else node.children[step]
            if found is None or found.kind == "alias":
                raise Unchangeable(f"{step!r} is behind an alias: write it out where it is used")
            node = found
        return node

    def dash(self, item: Node) -> int:
        """The offset of the dash of an item of a block list."""
        return self._dashes[bisect_left(self._dashes, item.start) - 1]

    def comma(self, start: int, end: int) -> int | None:
        """The offset of the first comma of a flow collection in `text[start:end]`, where no other node lies."""
        at = bisect_left(self._commas, start)
        return self._commas[at] if at < len(self._commas) and self._commas[at] < end else None


def _tree(text: str) -> Node:
    """The root of the text's only document."""
    top = Node("list", 0, len(text))
    stack = [top]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            stack.append(_opened(event))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            node = stack.pop()
            node.end = _end(event) if node.is_flow else _end_of_block(node)
            stack[-1].children.append(node)
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            stack[-1].children.append(_leaf(event, text))
    return top.children[0]


def _end(event: Any) -> int:
    return int(event.end_mark.index)


def _opened(event: Any) -> Node:
    kind: NodeKind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
    start, inside = event.start_mark.index, event.end_mark.index
    return Node(kind, start, start, inside, is_flow=bool(event.flow_style))


def _end_of_block(node: Node) -> int:
    """The end of the last child: the mark of libyaml is at the next token, behind comments and empty lines."""
    return node.children[-1].end if node.children else node.start


def _leaf(event: Any, text: str) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, yaml.AliasEvent):
        return Node("alias", start, end)
    if event.style in ("|", ">"):  # their marks end behind empty lines
        end = start + len(text[start:end].rstrip())
    return Node("scalar", start, end, quote=event.style or "", text=event.value)
