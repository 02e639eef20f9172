"""Phase 2: only documented operations exist. Anchored templates, 404 otherwise; 405 with `Allow` for another method.

Of the templates that match a path in full the most specific one is chosen, segment by segment from the left: a literal
before a mixed segment (`{id}.json`) before a parameter (OpenAPI 3.1 section 4.8.8.2). The method is looked up in that
template only: the path decides first. HEAD and OPTIONS are operations like any other: nothing is implied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from gwc.controls.base import Node, Place
from gwc.controls.canonical_path import LITERAL_CHARACTERS

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What can be served. TRACE is refused by every gateway's core."""
MAX_TEMPLATE_BYTES = 1024
MAX_SEGMENTS = 64


@dataclass(frozen=True, slots=True)
class Literal:
    """Text of a segment, taken as it is (every character is in `canonical_path.LITERAL_CHARACTERS`)."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One or more characters of one segment."""

    name: str


Segment = tuple[Literal | Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A path template with the base path in front. `segments` are the parts between slashes; the empty literal stands for a final slash.

    `/` is one empty literal. A parameter matches one or more characters except a slash; two parameters of one segment
    always have a literal between them.
    """

    text: str
    segments: tuple[Segment, ...]

    def specificity(self) -> tuple[tuple[int, int, str], ...]:
        """Orders templates: of two that match the same path, the smaller one is chosen."""
        return tuple(_rank(s) for s in self.segments)


def _rank(segment: Segment) -> tuple[int, int, str]:
    if is_literal(segment):
        return (0, 0, "")
    if len(segment) == 1:
        return (2, 0, "")
    text = "".join(p.text if isinstance(p, Literal) else "{}" for p in segment)
    return (1, -sum(len(p.text) for p in segment if isinstance(p, Literal)), text)


def is_literal(segment: Segment) -> bool:
    """Whether the segment is plain text."""
    return len(segment) == 1 and isinstance(segment[0], Literal)


_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]*", re.ASCII)


def parse_template(base_path: str, path: str) -> Template:
    """The template of an OpenAPI path under a base path. Raises ValueError, whose text says what no gateway can serve."""
    text = base_path.rstrip("/") + path
    if not path.startswith("/"):
        raise ValueError("a path begins with a slash")
    if len(text) > MAX_TEMPLATE_BYTES or text.count("/") > MAX_SEGMENTS:
        raise ValueError(f"a path has at most {MAX_TEMPLATE_BYTES} characters and {MAX_SEGMENTS} segments")
    parts = text[1:].split("/")
    if "" in parts[:-1]:
        raise ValueError("an empty segment (`//`) is never a canonical path, so no request could match")
    return Template(text=text, segments=tuple(_segment(part) for part in parts))


def _segment(text: str) -> Segment:
    if text in (".", ".."):
        raise ValueError("a dot segment is never a canonical path, so no request could match")
    pieces: list[Literal | Parameter] = []
    at = 0
    for found in _PART.finditer(text):
        if found.start() != at:
            raise ValueError("braces do not pair up")
        at = found.end()
        pieces.append(_parameter(found[1], pieces) if found[1] is not None else _literal(found[2]))
    if at != len(text):
        raise ValueError("braces do not pair up")
    return tuple(pieces) or (Literal(""),)


def _parameter(name: str, before: list[Literal | Parameter]) -> Parameter:
    if not _PARAMETER_NAME.fullmatch(name):
        raise ValueError("a parameter is a name in braces: {orderId}")
    if before and isinstance(before[-1], Parameter):
        raise ValueError("two parameters of one segment need text between them")
    return Parameter(name)


def _literal(text: str) -> Literal:
    strange = sorted(set(text) - LITERAL_CHARACTERS)
    if strange:
        shown = ", ".join(c if c.isprintable() and c.isascii() and c != " " else f"U+{ord(c):04X}" for c in strange[:5])
        raise ValueError(f"{shown} can't be part of a path that the gateways serve: no single canonical spelling")
    return Literal(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPlace:
    """Where the text of a path parameter is: segment `index` (from 0) without its `prefix` and `suffix`, which it always has."""

    index: int
    prefix: str
    suffix: str


def parameter_place(template: Template, name: str) -> ParameterPlace:
    """The place of the parameter. Raises ValueError when the template has not exactly one such parameter, alone in its segment."""
    found = [(i, s) for i, s in enumerate(template.segments) if Parameter(name) in s]
    if len(found) != 1:
        raise ValueError(f"{template.text} has no parameter {name!r}")
    index, segment = found[0]
    if sum(isinstance(p, Parameter) for p in segment) > 1:
        raise ValueError(f"{template.text}: segments with several parameters have more than one reading")
    at = segment.index(Parameter(name))
    return ParameterPlace(index=index, prefix=_text(segment[:at]), suffix=_text(segment[at + 1 :]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlace:
    """Where the text of a path parameter is whose segment may have others: the segment is text between `literals`, the first before everything.

    `number`: which of the `len(literals) - 1` texts, from 0. None is empty. A segment that can be divided in two ways has no text at all.
    """

    index: int  # of the segment, from 0
    literals: tuple[str, ...]
    number: int


def shared_place(template: Template, name: str) -> SharedPlace:
    """The place of the parameter. Raises ValueError when the template has it not exactly once."""
    found = [(i, s) for i, s in enumerate(template.segments) if Parameter(name) in s]
    if len(found) != 1 or found[0][1].count(Parameter(name)) != 1:
        raise ValueError(f"{template.text} has no parameter {name!r}, or several")
    index, segment = found[0]
    literals, number = [""], 0
    for part in segment:
        if isinstance(part, Literal):
            literals[-1] += part.text
            continue
        number = len(literals) - 1 if part.name == name else number
        literals.append("")
    return SharedPlace(index=index, literals=tuple(literals), number=number)


def _text(parts: Segment) -> str:
    return "".join(p.text for p in parts if isinstance(p, Literal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Node):
    """Where an operation lives: exactly this method under this template, on each of these hosts."""

    STEM: ClassVar[str] = "routing"
    PLACE: ClassVar[Place] = "operation"
    FIELD: ClassVar[str] = "route"

    method: str  # upper case: GET PUT POST DELETE OPTIONS HEAD PATCH (TRACE can't be served)
    template: Template
    hosts: tuple[str, ...]


def _template(*segments: Segment) -> Template:
    text = "/" + "/".join("".join(p.text if isinstance(p, Literal) else "{" + p.name + "}" for p in s) for s in segments)
    return Template(text=text, segments=segments)


_ORDERS, _ID = (Literal("orders"),), (Parameter("orderId"),)
EXAMPLES = (
    Route(method="GET", template=_template(_ORDERS, _ID), hosts=("api.test",)),
    Route(method="PUT", template=_template(_ORDERS, _ID), hosts=("api.test",)),
    Route(method="GET", template=_template(_ORDERS), hosts=("api.test",)),
    Route(method="GET", template=_template(_ORDERS, (Parameter("id"), Literal(".json"))), hosts=("api.test",)),
)
