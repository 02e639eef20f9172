"""Functions of policy.js that give back something by the number of a rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from gwc.backends.nginx.fragments import Lines
from gwc.templating import Verbatim

GROUP = 64
"""njs compares the cases of a `switch` one after the other, and makes room for all of them at each call: 50 us for 1,200."""


def by_number(name: str, cases: Mapping[int, Lines]) -> Lines:
    """`function <name>(number)` for a number as a text: the statements of its case, or null. `cases` by number, in order."""
    if all(number < GROUP for number in cases):
        return (Verbatim(f"function {name}(number) {{ {_switch()}"), *_cases(cases), Verbatim("} return null; }"))
    groups = {group: {n: cases[n] for n in numbers} for group, numbers in groupby(cases, lambda n: n // GROUP)}
    return (
        Verbatim(f"function {name}(number) {{ switch (Math.floor(number / {GROUP})) {{"),
        *(line for group, inside in groups.items() for line in _group(group, inside)),
        Verbatim("} return null; }"),
    )


def _group(group: int, cases: Mapping[int, Lines]) -> Lines:
    """A function expression costs nothing where it is not reached."""
    return (Verbatim(f"case {group}: return (function () {{ {_switch()}"), *_cases(cases), Verbatim("} return null; })();"))


def _switch() -> str:
    return "switch (number) {"


def _cases(cases: Mapping[int, Lines]) -> Iterator[Verbatim]:
    for number, (first, *rest) in cases.items():
        yield Verbatim(f'case "{number}": {first}')
        yield from rest
