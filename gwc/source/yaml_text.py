"""YAML to plain values with the place of every node, in one pass over the events of libyaml.

No object of PyYAML's constructors is ever made: events are turned into dict, list and scalars here, without recursion.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from gwc.diagnostics import Label, Problems, Span
from gwc.source import codes, yaml_scalars
from gwc.source.limits import MAX_ALIASES, MAX_DEPTH, MAX_YAML_NODES
from gwc.source.text import Lines, duplicate, problem

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
"""What YAML 1.2 does not print, and what YAML 1.1 (libyaml) takes for a line break but 1.2 does not, or the other way round."""

_AFTER_NAME = ("", " ", "\t", "\r", "\n", ",", "[", "]", "{", "}")

_NODE, _KEY = 3, 3
"""Numbers that are kept per place: line, column, end column."""


def parse_yaml(path: str, text: str) -> tuple[Any, YamlPositions]:
    """The value of a YAML text with one document, a dict or a list, and where its nodes are. Raises Problems."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise _forbidden(path, text, forbidden)
    builder = _Builder(path, text)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as e:
        raise _syntax(path, e) from None
    except yaml.YAMLError as e:  # the reader: text that libyaml itself does not take
        raise problem(codes.ENCODING, "characters that are not allowed in YAML", Span(path, 1, 1)) from e
    return builder.result()


def _forbidden(path: str, text: str, found: re.Match[str]) -> Problems:
    character = found.group()[0]
    place = Lines(path, text).span(found.start(), found.start() + 1)
    if character == "\r":
        return problem(codes.ENCODING, "a carriage return without line feed", place, help="end lines with a line feed")
    return problem(
        codes.ENCODING, f"the character U+{ord(character):04X} is not allowed in YAML", place, help='write it as an escape in "..."'
    )


_TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml says of texts that it gives up on before it gives out the first event (since 0.2.6)."""


def _syntax(path: str, error: yaml.MarkedYAMLError) -> Problems:
    mark = error.problem_mark or error.context_mark
    labels = [Label(_start(path, mark)) if mark else Label(Span(path, 1, 1))]
    if error.problem_mark and error.context_mark and error.context_mark.index != error.problem_mark.index:
        labels.append(Label(_start(path, error.context_mark), str(error.context or "")))
    if error.problem == _TOO_DEEP:
        return problem(codes.LIMIT, f"more than {MAX_DEPTH} levels", *labels)
    return problem(codes.SYNTAX, f"malformed YAML: {error.problem or error.context}", *labels)


def _start(path: str, mark: Any) -> Span:
    return Span(path, mark.line + 1, mark.column + 1, mark.column + 2)


def _span(path: str, event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(path, start.line + 1, start.column + 1, (end.column if end.line == start.line else start.column) + 1)


class _Anchor(NamedTuple):
    value: Any
    nodes: int  # with everything that its own aliases stand for
    height: int


@dataclass(slots=True)
class _Open:
    """A container whose end has not come yet."""

    value: dict[str, Any] | list[Any]
    places: array[int]
    event: Any
    key: str | None = None
    nodes: int = 1
    height: int = 1


class _Builder:
    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchor] = {}
        self._places: dict[int, array[int]] = {}
        self._root: Any = None
        self._root_event: Any = None
        self._aliases = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Takes the next event of the stream."""
        _HANDLERS.get(type(event), _nothing)(self, event)

    def result(self) -> tuple[Any, YamlPositions]:
        """The finished document."""
        if self._root_event is None:
            raise problem(codes.SYNTAX, "the file has no content", Span(self._path, 1, 1))
        if not isinstance(self._root, dict | list):
            raise problem(codes.SYNTAX, "the document must be a mapping or a list", _span(self._path, self._root_event))
        start = self._root_event.start_mark
        return self._root, YamlPositions(self._path, self._root, (start.line + 1, start.column + 1), self._places)

    def document(self, event: Any) -> None:
        self._documents += 1
        if event.version not in (None, (1, 2)) or event.tags:
            raise self._refuse(codes.UNSAFE_YAML, "a directive that changes how the document is read", event)
        if self._documents > 1:
            raise self._refuse(codes.SYNTAX, "a second document in one file", event)

    def scalar(self, event: Any) -> None:
        if self._wants_key():
            self._take_key(event)
        else:
            self._check_tag(event, _SCALAR_TAGS)
            value = self._scalar_value(event)
            self._remember(event, value, 1, 0)
            self._add(value, event, 1, 0)

    def _scalar_value(self, event: Any) -> yaml_scalars.Scalar:
        try:
            if event.tag is not None:
                return yaml_scalars.tagged(event.tag, event.value)
            return yaml_scalars.plain(event.value) if event.implicit[0] else str(event.value)
        except yaml_scalars.ScalarError as e:
            raise self._refuse(codes.SCALAR, str(e), event) from None

    def open(self, event: Any) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if self._wants_key():
            raise self._refuse(codes.SCALAR, "a key must be text, not a mapping or list", event)
        if len(self._stack) >= MAX_DEPTH:
            raise self._refuse(codes.LIMIT, f"more than {MAX_DEPTH} levels", event)
        self._check_tag(event, _MAPPING_TAGS if is_mapping else _SEQUENCE_TAGS)
        self._stack.append(_Open({} if is_mapping else [], array("I"), event))

    def close(self, _event: Any) -> None:
        done = self._stack.pop()
        self._places[id(done.value)] = done.places
        self._remember(done.event, done.value, done.nodes, done.height)
        self._add(done.value, done.event, done.nodes, done.height)

    def alias(self, event: Any) -> None:
        if self._wants_key():
            raise self._refuse(codes.SCALAR, "an alias as key", event)
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            is_open = any(o.event.anchor == event.anchor for o in self._stack)
            message = "an alias inside of what it stands for" if is_open else "an alias without anchor"
            raise self._refuse(codes.LIMIT if is_open else codes.SYNTAX, message, event)
        self._check_name(event, "*")
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise self._refuse(codes.LIMIT, f"more than {MAX_ALIASES} aliases", event)
        if len(self._stack) + anchor.height > MAX_DEPTH:
            raise self._refuse(codes.LIMIT, f"more than {MAX_DEPTH} levels after aliases are expanded", event)
        self._add(anchor.value, event, anchor.nodes, anchor.height)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _take_key(self, event: Any) -> None:
        top = self._stack[-1]
        key = self._key_text(event)
        if self._text[event.start_mark.index - 1 : event.start_mark.index] == "?":
            # libyaml takes `{?a: b}` for the key `a`, YAML 1.2 for the key `?a`.
            raise self._refuse(codes.SYNTAX, "a `?` that readers do not agree on", event, "put a space after it, or quote the key")
        if key in top.value:
            raise duplicate(key, _span(self._path, event), self._earlier(top, key))
        top.key = key
        top.places.extend(_numbers(event))

    def _key_text(self, event: Any) -> str:
        if event.tag is not None and event.tag not in yaml_scalars.STRING_TAGS:
            raise self._refuse(codes.UNSAFE_YAML, "a key with a tag", event)
        if event.anchor is not None:
            raise self._refuse(codes.UNSAFE_YAML, "a key with an anchor", event)
        if "\0" in event.value:
            raise self._refuse(codes.SCALAR, "a key with a NUL character", event)
        if event.tag is not None or not event.implicit[0]:
            return str(event.value)
        if event.value == "<<":
            raise self._refuse(codes.UNSAFE_YAML, "a merge key: it is not part of YAML 1.2", event, "write the members out")
        try:
            return yaml_scalars.key(event.value)
        except yaml_scalars.ScalarError as e:
            raise self._refuse(codes.SCALAR, str(e), event) from None

    def _earlier(self, top: _Open, key: str) -> Span:
        at = list(top.value).index(key) * (_KEY + _NODE)
        return Span(self._path, *top.places[at : at + _KEY])

    def _add(self, value: Any, event: Any, nodes: int, height: int) -> None:
        if not self._stack:
            self._root, self._root_event = value, event
            return
        top = self._stack[-1]
        top.places.extend(_numbers(event))
        top.nodes += nodes
        top.height = max(top.height, height + 1)
        if top.nodes > MAX_YAML_NODES:
            raise self._refuse(codes.LIMIT, f"more than {MAX_YAML_NODES} values after aliases are expanded", event)
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            top.value[top.key], top.key = value, None

    def _remember(self, event: Any, value: Any, nodes: int, height: int) -> None:
        if event.anchor is not None:
            self._check_name(event, "&")
            self._anchors[event.anchor] = _Anchor(value, nodes, height)

    def _check_name(self, event: Any, sign: str) -> None:
        """Refuses names of anchors that libyaml ends at a colon or a dot and YAML 1.2 does not."""
        end = self._text.index(sign + event.anchor, event.start_mark.index) + 1 + len(event.anchor)
        if self._text[end : end + 1] not in _AFTER_NAME:
            raise self._refuse(codes.SYNTAX, "the name of an anchor has letters, digits, `-` and `_`", event)

    def _check_tag(self, event: Any, known: tuple[str, ...]) -> None:
        if event.tag is not None and event.tag not in known:
            raise self._refuse(codes.UNSAFE_YAML, "a tag that gwc does not read", event, "write the value without tag")

    def _refuse(self, code: str, message: str, event: Any, help: str = "") -> Problems:
        return problem(code, message, _span(self._path, event), help=help)


def _numbers(event: Any) -> tuple[int, int, int]:
    """Line, column and end column. Containers have only their start: the end event is far away."""
    start, end = event.start_mark, event.end_mark
    return start.line + 1, start.column + 1, (end.column if end.line == start.line else start.column) + 1


def _nothing(_builder: _Builder, _event: Any) -> None:
    """Stream starts and ends say nothing."""


_SCALAR_TAGS = ("!", *(f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null")))
_MAPPING_TAGS = ("!", "tag:yaml.org,2002:map")
_SEQUENCE_TAGS = ("!", "tag:yaml.org,2002:seq")
_HANDLERS: dict[type, Callable[[_Builder, Any], None]] = {
    yaml.DocumentStartEvent: _Builder.document,
    yaml.ScalarEvent: _Builder.scalar,
    yaml.MappingStartEvent: _Builder.open,
    yaml.SequenceStartEvent: _Builder.open,
    yaml.MappingEndEvent: _Builder.close,
    yaml.SequenceEndEvent: _Builder.close,
    yaml.AliasEvent: _Builder.alias,
}


class YamlPositions:
    """Where the nodes of a YAML document are. A node behind an alias is where its anchor is; the alias itself is where it is written."""

    def __init__(self, path: str, root: Any, start: tuple[int, int], places: dict[int, array[int]]) -> None:
        self._path, self._root, self._start, self._places = path, root, start, places
        self._ordinals: dict[int, dict[str, int]] = {}

    def span(self, pointer: tuple[str | int, ...], *, key: bool = False) -> Span:
        """The span of a value, or of its key; of the nearest container when there is no such value."""
        value, found = self._root, Span(self._path, *self._start, self._start[1])
        for number, step in enumerate(pointer, start=1):
            place = self._place(value, step, key=key and number == len(pointer))
            if place is None:
                return found
            value, found = value[step], place
        return found

    def _place(self, container: Any, step: str | int, *, key: bool) -> Span | None:
        if isinstance(container, dict) and step in container:
            at = self._ordinal(container, str(step)) * (_KEY + _NODE) + (0 if key else _KEY)
        elif isinstance(container, list) and isinstance(step, int) and step < len(container):
            at = step * _NODE
        else:
            return None
        return Span(self._path, *self._places[id(container)][at : at + _NODE])

    def _ordinal(self, container: dict[str, Any], step: str) -> int:
        ordinals = self._ordinals.get(id(container))
        if ordinals is None:
            ordinals = self._ordinals[id(container)] = {key: i for i, key in enumerate(container)}
        return ordinals[step]
