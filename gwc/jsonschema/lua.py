"""Schemas as Lua: one chunk of specialised functions, each schema of the table compiled once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from gwc.jsonschema.cycles import parts, recursive
from gwc.jsonschema.lua_automaton import automaton
from gwc.jsonschema.lua_function import function_text
from gwc.jsonschema.lua_marker import marker_text
from gwc.jsonschema.tree import Call, Check, Required, Schema, Table

_STATEMENTS = 2_000
"""Of one function of the chunk: LuaJIT takes 65,536 constants in each."""
_LOCALS = (
    "NULL", "compare", "full", "integer", "key", "keys", "kind", "known", "length", "matches", "multiple", "names", "pattern", "read", "remember",
    "rest", "stop", "told", "unique", "values",
)  # fmt: skip
_Waiting = Schema | int | tuple[Check, ...]
"""A schema, a number of the table, or the checks of a marker."""

_HEAD = f"""local next, type = next, type
local {", ".join(_LOCALS)} = {", ".join(f"R.{name}" for name in _LOCALS)}"""


def print_schemas(table: Table, roots: Sequence[Schema]) -> str:
    """A chunk that returns a function: called with the module gwc.schema it returns a list, whose n-th function judges the n-th of `roots`.

    The functions are what gwc.schema.judge asks. No text of a schema is in it other than as a quoted string.
    """
    program = _Program(table)
    distinct: dict[Schema, Schema] = {}
    numbers = [program.number(distinct.setdefault(root, root)) for root in roots]
    statements = [*program.statements(), *(f"V[{at}] = F[{number}]" for at, number in enumerate(numbers, 1))]
    groups = [statements[i : i + _STATEMENTS] for i in range(0, len(statements), _STATEMENTS)]
    loaders = [f"parts[{n}] = function(R, V, F, P, K)\n{_HEAD}\n" + "\n".join(group) + "\nend" for n, group in enumerate(groups, 1)]
    loop = f"for i = 1, {len(groups)} do parts[i](R, V, F, P, K) end"
    return "\n".join(["local parts = {}", *loaders, "return function(R)", "local V, F, P, K = {}, {}, {}, {}", loop, "return V", "end", ""])


class _Program:
    """The functions and constants that are still to be printed, and their numbers. Functions of the table come first in `F`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._recursive = recursive(table)
        self._constants: dict[str, int] = {}
        self._functions: dict[int, int] = {}  # identity of a schema -> number
        self._markers: dict[int, int] = {}
        self._weights: dict[int, int] = {}
        self._kept: list[object] = []  # what is known by its identity
        self._called: set[int] = set()
        self._waiting: deque[tuple[str, _Waiting]] = deque()

    def statements(self) -> Iterator[str]:
        """All assignments, those of constants before the functions that use them."""
        printed = 0
        while self._waiting:
            target, waiting = self._waiting.popleft()
            text = self._text(waiting)
            constants = list(self._constants)[printed:]
            yield from (f"K[{number}] = {expression}" for number, expression in enumerate(constants, printed + 1))
            printed += len(constants)
            yield f"{target} = {text}"

    def _text(self, what: _Waiting) -> str:
        match what:
            case Schema():
                return function_text(what, self)
            case int():
                text = function_text(self._table[what], self)
                return f"remember({text})" if what in self._recursive else text
            case _:
                return marker_text(what, self, self._table)

    def constant(self, expression: str) -> str:
        """The place of a value that is made once."""
        return f"K[{self._constants.setdefault(expression, len(self._constants) + 1)}]"

    def pattern(self, source: str) -> str:
        """The place of an automaton."""
        return self.constant(automaton(source))

    def function(self, schema: Schema) -> str:
        """The function of a schema."""
        return f"F[{self.number(schema)}]"

    def number(self, schema: Schema) -> int:
        """The number of the function of a schema, which will be printed."""
        only = schema.checks[0] if len(schema.checks) == 1 else None
        if isinstance(only, Call):
            return self._table_number(only.number)
        number = self._functions.get(id(schema))
        if number is None:
            number = self._functions[id(schema)] = len(self._table) + len(self._functions) + 1
            self._kept.append(schema)
            self._waiting.append((f"F[{number}]", schema))
        return number

    def _table_number(self, number: int) -> int:
        if number not in self._called:
            self._called.add(number)
            self._waiting.append((f"F[{number + 1}]", number))
        return number + 1

    def marker(self, checks: tuple[Check, ...]) -> str:
        """The function that notes what the checks evaluate."""
        number = self._markers.get(id(checks))
        if number is None:
            number = self._markers[id(checks)] = len(self._markers) + 1
            self._kept.append(checks)
            self._waiting.append((f"P[{number}]", checks))
        return f"P[{number}]"

    def weight(self, schema: Schema) -> int:
        """The number of checks in a schema, without those of the table."""
        weight = self._weights.get(id(schema))
        if weight is None:
            weight = sum(_weight(check) + sum(map(self.weight, parts(check))) for check in schema.checks)
            self._weights[id(schema)] = weight
            self._kept.append(schema)
        return weight


def _weight(check: Check) -> int:
    return len(check.names) if isinstance(check, Required) else 1
