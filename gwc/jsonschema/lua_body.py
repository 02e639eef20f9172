"""The body of one Lua function, statement by statement.

The function has the value in `v`, the collector in `c`, the pointer in `p`, and in `ok` whether nothing has failed so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gwc.jsonschema import tree
from gwc.jsonschema.lua_expression import Constants
from gwc.jsonschema.lua_literal import quote
from gwc.jsonschema.tree import Check, Schema

_MAX_DEPTH = 5
"""Schemas written out inside one another."""
_MAX_WEIGHT = 24
"""Checks of a schema that is written out where it is used."""
_MAX_LINES = 1500
"""Lines of a function after which schemas below it become functions. LuaJIT jumps over at most 32,767 instructions."""
_MAX_BLOCK = 400
"""Lines in one `if`."""

Step = tuple[str | None, Callable[[], None]]
"""What writes some statements, and the kind of value that they are about."""


class Program(Constants, Protocol):
    """Where functions are kept."""

    def function(self, schema: Schema) -> str:
        """The function `f(v, c, p)` of a schema; of the table for a mere call."""

    def number(self, schema: Schema) -> int:
        """Its number in `F`."""

    def marker(self, checks: tuple[Check, ...]) -> str:
        """The function `f(v, e)` that notes in `e` what checks have evaluated."""

    def weight(self, schema: Schema) -> int:
        """How many checks a schema has, with those below it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value that is being checked: its variables, the variable with the pointer, and what follows in it, and how deep it is written out."""

    v: str = "v"
    t: str = "t"
    p: str = "p"
    suffix: str = ""
    depth: int = 0

    @property
    def pointer(self) -> str:
        """An expression; nil without collector."""
        return f"c and {self.p} .. {quote(self.suffix)}" if self.suffix else self.p

    def named(self, name: str | int) -> Place:
        """A member or item that the document names."""
        depth = self.depth + 1
        token = str(name).replace("~", "~0").replace("/", "~1")
        return Place(f"v{depth}", f"t{depth}", self.p, f"{self.suffix}/{token}", depth)

    def each(self) -> Place:
        """Items one after the other."""
        depth = self.depth + 1
        return Place(f"v{depth}", f"t{depth}", f"p{depth}", "", depth)


@dataclass(slots=True)
class Body:
    """The statements. `steps`: those of a schema's checks (`gwc.jsonschema.lua_function`)."""

    program: Program
    steps: Callable[[Body, Schema, Place], Iterator[Step]]
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """One line more."""
        self.lines.append(line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """What is written inside stands between the head and `end`."""
        self.add(head)
        yield
        self.add("end")

    def fails(self, place: Place, keyword: str) -> None:
        """Notes a failure."""
        self.add(f'if stop(c, {place.pointer}, "{keyword}") then return false end')
        self.add("ok = false")

    def fails_if(self, broken: str, place: Place, keyword: str) -> None:
        """Notes a failure under a condition."""
        if broken != "false":
            with self.block(f"if {broken} then"):
                self.fails(place, keyword)

    def schema(self, schema: Schema, place: Place) -> None:
        """All checks of a schema, those about one kind of value under one condition."""
        if any(not isinstance(check, _KINDLESS) for check in schema.checks):
            self.add(f"local {place.t} = kind({place.v})")
        current, opened = None, 0
        for kind, write in self.steps(self, schema, place):
            if kind != current or len(self.lines) - opened > _MAX_BLOCK:
                self._close(current)
                current, opened = kind, len(self.lines)
                if kind:
                    self.add(f'if {place.t} == "{kind}" then')
            write()
        self._close(current)

    def _close(self, kind: str | None) -> None:
        if kind:
            self.add("end")

    def applies(self, schema: Schema, place: Place) -> None:
        """The value fulfils the schema: written out, or by a call. Failures are told one by one."""
        if not schema.checks:
            return
        if self._is_written_out(schema, place):
            with self.block("do"):
                self.schema(schema, place)
            return
        with self.block(f"if not {self.program.function(schema)}({place.v}, c, {place.pointer}) then"):
            self.add("if full(c) then return false end")
            self.add("ok = false")

    def _is_written_out(self, schema: Schema, place: Place) -> bool:
        if len(schema.checks) == 1 and isinstance(schema.checks[0], tree.Call):
            return False
        return place.depth < _MAX_DEPTH and len(self.lines) <= _MAX_LINES and self.program.weight(schema) <= _MAX_WEIGHT

    def holds(self, schema: Schema, v: str) -> str:
        """An expression: whether the value of a variable fulfils the schema. Nothing is told."""
        if not schema.checks:
            return "true"
        return "false" if schema == tree.NOTHING else f"{self.program.function(schema)}({v})"


_KINDLESS = (tree.Never, tree.Enum, tree.Apply, tree.Call, tree.AnyOf, tree.OneOf, tree.Not, tree.If)
"""Checks that are written without the kind of the value."""
