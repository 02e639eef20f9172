"""Schemas as functions of JavaScript for njs, and QuickJS: a function for each schema of the table that is used, and for each root.

`function (v, c, p)`: with `c` null it says whether `v` fulfils the schema; with an array it adds failures and is false when there are enough,
`p` is then the pointer of `v`. `x` are the functions of gwc/runtime/js/schema.js.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gwc.jsonschema.js_body import Body, Place
from gwc.jsonschema.js_checks import print_schema
from gwc.jsonschema.js_evaluated import print_marking
from gwc.jsonschema.tree import Call, Check, Schema, Table

GROUP = 64
"""njs compares the cases of a `switch` one after the other, and makes room for all of them at each call."""


class Printer:
    """Prints what its roots need, each function once. Equal schemas share one."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._numbers: dict[Schema, int] = {}
        self._marks: dict[int, int] = {}
        self._next = len(table)
        self._waiting: list[tuple[int, Schema | None, tuple[Check, ...]]] = []
        self._functions: dict[int, str] = {}

    def root(self, schema: Schema) -> int:
        """The number of the function that judges by the schema."""
        number = self._number(schema)
        while self._waiting:
            self._print(*self._waiting.pop())
        return number

    def lines(self) -> Iterator[str]:
        """The statement `function schema(number, x)`, which makes the function with a number; null: there is none."""
        yield f"function schema(number, x) {{ switch (Math.floor(number / {GROUP})) {{"
        for group, members in groupby(sorted(self._functions.items()), lambda entry: entry[0] // GROUP):
            yield f"case {group}: return (function () {{ switch (number) {{"
            yield from (f"case {number}: return {text};" for number, text in members)
            yield "} return null; })();"
        yield "} return null; }"

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
        self._functions[number] = ""
        self._waiting.append((number, schema, marked))
        return number

    def _reach(self, number: int) -> None:
        if number not in self._functions:
            self._functions[number] = ""
            self._waiting.append((number, self._table[number], ()))

    def _print(self, number: int, schema: Schema | None, marked: tuple[Check, ...]) -> None:
        body = Body(print_schema, self._number, self._marks_of, lambda call: self._table[call.number])
        if schema is not None:
            print_schema(body, schema, Place("v", counts=True))
            self._functions[number] = body.text("v, c, p", "return true;")
        else:
            print_marking(body, marked, "v", "e")
            self._functions[number] = body.text("v, e")
        for called in body.called:
            if called < len(self._table):
                self._reach(called)
