"""Schemas as functions of JavaScript for njs, and QuickJS: a function for each schema of the table that is used, and for each root.

Each is printed twice. `function (v)` says whether `v` fulfils the schema; `function (v, c, p)` adds failures to the array `c` and is false when
there are enough, `p` is the pointer of `v`. `x`: what they are given (gwc/runtime/js/judge_tools.js).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from gwc.jsonschema.cycles import recursive
from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_checks import print_schema, test
from gwc.jsonschema.js_evaluated import print_marking
from gwc.jsonschema.tree import Call, Check, Schema, Table

GROUP = 64
"""njs compares the cases of a `switch` one after the other, and makes room for all of them at each call."""


class Printer:
    """Prints what its roots need, each function once. Equal schemas share one."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._recursive = recursive(table)
        self._numbers: dict[Schema, int] = {}
        self._marks: dict[int, int] = {}
        self._next = len(table)
        self._waiting: list[tuple[int, Schema | None, tuple[Check, ...]]] = []
        self._testing: dict[int, str] = {}
        self._telling: dict[int, str] = {}

    def root(self, schema: Schema) -> int:
        """The number of the function that judges by the schema."""
        number = self._number(schema)
        while self._waiting:
            self._print(*self._waiting.pop())
        return number

    def lines(self) -> Iterator[str]:
        """The statement `function schema(number, x, tells)`, which makes the function with a number; null: there is none."""
        yield "function schema(number, x, tells) {"
        yield "if (tells) return (function () {"
        yield from _switch(self._telling)
        yield "})();"
        yield from _switch(self._testing)
        yield "}"

    def _number(self, schema: Schema) -> int:
        only = schema.checks[0] if len(schema.checks) == 1 else None
        if isinstance(only, Call):
            self._reach(only.number)
            return only.number
        if schema not in self._numbers:
            self._numbers[schema] = self._new(schema, ())
        return self._numbers[schema]

    def _marks_of(self, call: Call) -> int:
        if call.number not in self._marks:
            self._marks[call.number] = self._new(None, self._table[call.number].checks)
        return self._marks[call.number]

    def _new(self, schema: Schema | None, marked: tuple[Check, ...]) -> int:
        number, self._next = self._next, self._next + 1
        self._testing[number] = ""
        self._waiting.append((number, schema, marked))
        return number

    def _reach(self, number: int) -> None:
        if number < len(self._table) and number not in self._testing:
            self._testing[number] = ""
            self._waiting.append((number, self._table[number], ()))

    def _print(self, number: int, schema: Schema | None, marked: tuple[Check, ...]) -> None:
        if schema is None:
            body = self._body(may_count=True)
            print_marking(body, marked, "v", "e")
            self._testing[number] = body.text("v, e")
            return
        body = self._body(may_count=True)
        print_schema(body, schema, Place("v", counts=True))
        text = body.text("v", "return true;")
        self._testing[number] = f"x.remember({number}, {text})" if number in self._recursive else text
        body = self._body(may_count=False)
        if number in self._recursive:  # what holds has nothing to tell, in however many ways it is reached
            body.add(f"if ({body.function(number)}(v)) return true;")
        print_schema(body, schema, Place("v", "p"))
        self._telling[number] = body.text("v, c, p", "return true;")

    def _body(self, *, may_count: bool) -> Body:
        return Body(print_schema, self._number, self._marks_of, lambda call: self._table[call.number], self._reach, test, may_count)


def _switch(functions: Mapping[int, str]) -> Iterator[str]:
    yield f"switch (Math.floor(number / {GROUP})) {{"
    for group, members in groupby(sorted(functions.items()), lambda entry: entry[0] // GROUP):
        yield f"case {group}: return (function () {{ switch (number) {{"
        yield from (f"case {number}: return {text};" for number, text in members)
        yield "} return null; })();"
    yield "} return null;"
