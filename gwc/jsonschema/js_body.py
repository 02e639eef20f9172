"""The body of a JavaScript function under construction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gwc.jsonschema.js_literal import literal, token
from gwc.jsonschema.tree import Call, Never, Schema


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a variable, and what is done when it does not hold: a failure at `pointer`, an expression; or, without, leaving `label`."""

    value: str
    pointer: str | None = "p"
    label: str = ""

    def refuse(self, keyword: str) -> str:
        """The statement for a failure."""
        return f"break {self.label};" if self.pointer is None else f"if (x.fail(c, {self.pointer}, {literal(keyword)})) return false;"

    def member(self, name: str, value: str) -> Place:
        """The member with a declared name, in another variable."""
        return replace(self, value=value, pointer=_joined(self.pointer, token(name)))

    def item(self, index: str, value: str) -> Place:
        """The item with the index in a variable."""
        pointer = _joined(self.pointer, "/")
        return replace(self, value=value, pointer=None if pointer is None else f"{pointer} + {index}")


def _joined(pointer: str | None, text: str) -> str | None:
    if pointer is None:
        return None
    return pointer[:-1] + literal(text)[1:] if pointer.endswith('"') else f"{pointer} + {literal(text)}"


@dataclass
class Body:
    """Lines, and variables that are used once.

    `print_schema` prints the statements that judge the value of a place by a schema. `number_of`: the number of a schema that gets a function
    of its own; `marks_of`: that of the function that says which members and items a schema evaluates.
    """

    print_schema: Callable[[Body, Schema, Place], None]
    number_of: Callable[[Schema], int]
    marks_of: Callable[[Call], int]
    lines: list[str] = field(default_factory=list)
    called: set[int] = field(default_factory=set)
    depth: int = 0
    _count: int = 0
    _looked_up: dict[int, str] | None = None  # functions that a loop calls, by number

    def add(self, *lines: str) -> None:
        """Appends lines."""
        self.lines.extend(lines)

    def new(self, prefix: str) -> str:
        """A variable that is not used yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """What is printed inside stands between braces behind `head`."""
        self.add(f"{head} {{")
        self.depth += 1
        yield
        self.depth -= 1
        self.add("}")

    @contextmanager
    def loop(self, head: str) -> Iterator[None]:
        """A block that runs many times: functions that it calls are looked up before."""
        if self._looked_up is not None:
            with self.block(head):
                yield
            return
        at, self._looked_up = len(self.lines), {}
        with self.block(head):
            yield
        self.lines[at:at] = [f"const {name} = x.call({number});" for number, name in self._looked_up.items()]
        self._looked_up = None

    def function(self, number: int) -> str:
        """The expression for the function with a number."""
        self.called.add(number)
        if self._looked_up is None:
            return f"x.call({number})"
        if number not in self._looked_up:
            self._looked_up[number] = self.new("f")
        return self._looked_up[number]

    def holds(self, schema: Schema, value: str) -> str:
        """An expression for whether the schema holds, after the lines that it needs."""
        only = schema.checks[0] if len(schema.checks) == 1 else None
        if only is None and not schema.checks:
            return "true"
        if isinstance(only, Never):
            return "false"
        if isinstance(only, Call):
            return f"{self.function(only.number)}({value}, null, null)"
        result, label = self.new("h"), self.new("b")
        self.add(f"let {result} = false;")
        with self.block(f"{label}:"):
            self.print_schema(self, schema, Place(value, None, label))
            self.add(f"{result} = true;")
        return result
