"""The body of a JavaScript function under construction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gwc.jsonschema.js_literal import literal, token
from gwc.jsonschema.tree import Call, Check, JsonType, Schema


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a variable, and what is done when it does not hold: a failure at `pointer`, an expression; without one the function is left,
    or the block `label`.

    `counts`: here, and nowhere else, the members of the value are counted (js_counted.py). `kind`: a type that the value is known to have.
    """

    value: str
    pointer: str | None = None
    label: str = ""
    counts: bool = False
    kind: JsonType | None = None

    @property
    def leaves(self) -> bool:
        """Whether nothing is asked behind the first thing that does not hold."""
        return self.pointer is None

    def refuse(self, keyword: str) -> str:
        """The statement for a failure."""
        return self.leave() if self.leaves else f"if (x.fail(c, {self.pointer}, {literal(keyword)})) return false;"

    def leave(self) -> str:
        """The statement that goes no further."""
        return f"break {self.label};" if self.label else "return false;"

    def member(self, name: str, value: str) -> Place:
        """The member with a declared name, in another variable."""
        return replace(self, value=value, pointer=_joined(self.pointer, token(name)), kind=None)

    def item(self, index: str, value: str) -> Place:
        """The item with the index in a variable."""
        pointer = _joined(self.pointer, "/")
        return replace(self, value=value, pointer=None if pointer is None else f"{pointer} + {index}", kind=None)


def _joined(pointer: str | None, text: str) -> str | None:
    if pointer is None:
        return None
    return pointer[:-1] + literal(text)[1:] if pointer.endswith('"') else f"{pointer} + {literal(text)}"


@dataclass(frozen=True, slots=True)
class Held:
    """Variables: how many alternatives of a check hold, and for each whether it does. `path`: the blocks in which they can be seen."""

    check: Check
    path: tuple[int, ...]
    count: str
    alternatives: tuple[str, ...]


@dataclass
class Body:
    """Lines, and variables that are used once.

    `print_schema` prints the statements that judge the value of a place by a schema; `test` gives an expression for whether a schema of one
    simple check holds. `number_of`: the number of a schema that gets a function of its own; `marks_of`: that of the function that says which
    members and items a schema evaluates; `schema_of`: the schema that is called; `reach` is told which functions are called. `may_count`:
    whether the function is one that counts.
    """

    print_schema: Callable[[Body, Schema, Place], None]
    number_of: Callable[[Schema], int]
    marks_of: Callable[[Call], int]
    schema_of: Callable[[Call], Schema]
    reach: Callable[[int], None]
    test: Callable[[Schema, str, JsonType | None], str | None]
    may_count: bool
    lines: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    _held: dict[tuple[str, int], Held] = field(default_factory=dict)
    _path: list[int] = field(default_factory=list)  # the blocks that are open
    _blocks: int = 0
    _used: int = 0  # variables that are in use
    _looked_up: dict[int, str] | None = None  # functions that a loop calls, by number

    def add(self, *lines: str) -> None:
        """Appends lines."""
        self.lines.extend(lines)

    def new(self, prefix: str) -> str:
        """A variable that is not in use, and is until the end of the block or scope. njs pays for every variable of a function."""
        self._used += 1
        name = f"{prefix}{self._used}"
        self.declared.add(name)
        return name

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Variables of the inside are free again behind it."""
        used = self._used
        yield
        self._used = used

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """What is printed inside stands between braces behind `head`; a scope."""
        self.add(f"{head} {{")
        self._blocks += 1
        self._path.append(self._blocks)
        with self.scope():
            yield
        self._path.pop()
        self.add("}")

    @property
    def depth(self) -> int:
        """The number of blocks that are open."""
        return len(self._path)

    def hold(self, check: Check, value: str, count: str, alternatives: tuple[str, ...]) -> None:
        """Remembers the variables that say which alternatives of a check hold."""
        self._held[value, id(check)] = Held(check, tuple(self._path), count, alternatives)

    def known(self, check: Check, value: str) -> Held | None:
        """What `hold` remembered, if it can be seen from here."""
        held = self._held.get((value, id(check)))
        return held if held is not None and tuple(self._path[: len(held.path)]) == held.path else None

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
        self.lines[at:at] = [f"{name} = x[{number}] || x.call({number});" for number, name in self._looked_up.items()]
        self._looked_up = None

    def function(self, number: int) -> str:
        """The expression for the function with a number."""
        self.reach(number)
        if self._looked_up is None:
            return f"(x[{number}] || x.call({number}))"
        if number not in self._looked_up:
            self._looked_up[number] = f"f{number}"
            self.declared.add(f"f{number}")
        return self._looked_up[number]

    def holds(self, schema: Schema, value: str, kind: JsonType | None = None) -> str:
        """An expression for whether the schema holds for a value, of a known type perhaps, after the lines that it needs."""
        simple = self.test(schema, value, kind)
        if simple is not None:
            return simple
        only = schema.checks[0] if len(schema.checks) == 1 else None
        if isinstance(only, Call):
            return self.uncounted(f"{self.function(only.number)}({value})")
        result, label = self.new("h"), f"b{self._used}"
        self.add(f"{result} = false;")
        with self.block(f"{label}:"):
            self.print_schema(self, schema, Place(value, None, label, kind=kind))
            self.add(f"{result} = true;")
        return result

    def uncounted(self, expression: str) -> str:
        """An expression for what the call of a function gives that counts nothing meanwhile."""
        if not self.may_count:
            return expression
        result = self.new("h")
        with self.scope():
            counting = self.new("q")
            self.add(f"{counting} = x.counts;", "x.counts = false;", f"{result} = {expression};", f"x.counts = {counting};")
        return result

    def text(self, parameters: str, *end: str) -> str:
        """The function."""
        variables = [f"let {', '.join(sorted(self.declared))};"] if self.declared else []
        return "\n".join((f"function ({parameters}) {{", *variables, *self.lines, *end, "}"))
