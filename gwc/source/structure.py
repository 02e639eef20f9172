"""Checks a document, and every part of other files that it refers to, against the official schema of its OpenAPI version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gwc.diagnostics import Findings
from gwc.source import codes
from gwc.source.cursor import Cursor
from gwc.source.document import Pointer
from gwc.source.kinds import COMPONENT_SECTIONS, Kind
from gwc.source.limits import MAX_COMPOSED, MAX_DEPTH
from gwc.source.official_schema import validator
from gwc.source.structure_message import Fault, bad_name, faults
from gwc.source.text import problem

_COMPONENT_NAME = re.compile(r"[a-zA-Z0-9._-]+")
MAX_FAULTS = 100
"""One mistake can have very many consequences: more are counted, not shown."""

Misplaced = Mapping[tuple[str, Pointer], Cursor]


class StructureCheck:
    """Collects what is structurally wrong with cursors of several files."""

    def __init__(self, version: str, misplaced: Misplaced, findings: Findings) -> None:
        """`misplaced`: references that the official schema does not know; it sees what they stand for."""
        self._version, self._findings = version, findings
        self._misplaced: dict[str, list[tuple[Pointer, Cursor]]] = {}
        for (path, pointer), target in misplaced.items():
            self._misplaced.setdefault(path, []).append((pointer, target))
        self._seen: set[tuple[str, Pointer, str]] = set()
        self.hidden = 0
        self._composed_count = 0

    def check(self, cursor: Cursor, kind: Kind) -> None:
        """Adds an error for each fault."""
        for error in validator(self._version, kind)(self._composed(cursor, ())):
            for fault in faults(error):
                self._add(cursor, fault)

    def check_names(self, root: Cursor) -> None:
        """Adds an error for each component with a bad name: the official schema of 3.0 lets such a component pass unchecked."""
        components = root.get("components")
        for section, members in components.resolve().members() if components else ():
            for name, member in members.resolve().members() if section in COMPONENT_SECTIONS else ():
                if not _COMPONENT_NAME.fullmatch(name):
                    fault = bad_name(member.pointer)
                    self._findings.error(codes.STRUCTURE, fault.message, member.span(key=True), help=fault.help)

    def _add(self, cursor: Cursor, fault: Fault) -> None:
        place = _descend(cursor, fault.path)
        key = (place.document.path, place.pointer, fault.message)
        if key in self._seen:
            return
        self._seen.add(key)
        if len(self._seen) > MAX_FAULTS:
            self.hidden += 1
            return
        self._findings.error(codes.STRUCTURE, fault.message, place.span(key=fault.is_name), help=fault.help)

    def _composed(self, cursor: Cursor, within: tuple[Cursor, ...]) -> Any:
        """The value with misplaced references replaced by what they stand for; unchanged parts are shared."""
        if len(within) > MAX_DEPTH or self._composed_count > MAX_COMPOSED:
            place = within[-1].span() if within else cursor.span()
            raise problem(codes.LIMIT, "too many references where OpenAPI has none", place, help="bundle the document")
        self._composed_count += bool(within)
        value = cursor.value
        length = len(cursor.pointer)
        for pointer, target in self._misplaced.get(cursor.document.path, ()):
            if pointer[:length] == cursor.pointer and target not in within:
                value = _replaced(value, pointer[length:], self._composed(target, (*within, target)))
        return value


def _replaced(value: Any, pointer: Pointer, new: Any) -> Any:
    """A copy of the containers on the way to a pointer, with another value at its end."""
    if not pointer:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[pointer[0]] = _replaced(copy[pointer[0]], pointer[1:], new)
    return copy


def _descend(cursor: Cursor, path: Pointer) -> Cursor:
    """The place of a value in the composed document: through a reference where the step is not beside it."""
    here = cursor
    for step in path:
        if here.is_reference and step not in here.value:
            here = here.resolve()
        if isinstance(here.value, dict) and step not in here.value:
            return here
        here = here.child(step)
    return here
