"""Schemas printed as JavaScript, judged by the runtime of njs in a real NGINX."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gwc.jsonschema.js import Printer
from gwc.jsonschema.tree import Call, Schema, Table
from tests.support.nginx_process import edited, scripting

LIMITS = {"jsonDepth": 31, "jsonKeys": 10_000, "arrayItems": 10_000, "stringBytes": 1 << 20}
EACH = """x.map(function (c) {
  try {
    const read = strictJson().read(Buffer.from(c[1]), c[2]);
    const found = read.kind === null ? schema().failures(c[0], read.value, '') : [read.kind, read.name];
    return [found, fits(policy.schema, function () { return schema().helpers; }, c[0], c[1], c[2])];
  } catch (e) {
    return [[String(e)], false];
  }
})"""
Pairs = Sequence[tuple[int, str]]


class Judge:
    """Gives the failures of JSON texts, each by the root with its number; what can't be read is [kind, name], an exception one text.

    `quick`: the texts of the last call which `fits` took, too; it must not take others than valid ones.
    """

    def __init__(self, call: Callable[[Any], Any], numbers: Sequence[int]) -> None:
        self._call, self._numbers, self.quick = call, numbers, list[str]()

    def __call__(self, pairs: Pairs, limits: Mapping[str, int] = LIMITS) -> list[Any]:
        found: list[Any] = []
        for at in range(0, len(pairs), 200):
            found += self._call([[self._numbers[root], text, limits] for root, text in pairs[at : at + 200]])
        wrong = [(pair, failures) for pair, (failures, is_quick) in zip(pairs, found, strict=True) if is_quick and failures]
        if wrong:
            raise AssertionError(f"taken, although not valid: {wrong[:3]!r}")
        self.quick = [text for (_, text), (_, is_quick) in zip(pairs, found, strict=True) if is_quick]
        return [failures for failures, _ in found]


@contextmanager
def judging(folder: Path, roots: Sequence[tuple[Schema, Table]], edit: Callable[[str], str] = lambda text: text) -> Iterator[Judge]:
    """The schemas in a running NGINX, each with the table that its calls number; `edit` changes what is printed."""
    numbers, text = printed(roots)

    def with_schemas(files: Mapping[str, str]) -> dict[str, str]:
        return edited(("policy.js", "return { apiKey,", f"{edit(text)}\nreturn {{ schema, apiKey,"))(files)

    with scripting(folder, EACH, files=with_schemas) as call:
        yield Judge(call, numbers)


def printed(roots: Sequence[tuple[Schema, Table]]) -> tuple[list[int], str]:
    """The numbers of the roots, and the text of all functions."""
    table: list[Schema] = []
    offsets: dict[int, int] = {}  # by the identity of a table
    for _, own in roots:
        if id(own) not in offsets:
            offset = offsets[id(own)] = len(table)
            table += [shifted(schema, offset) for schema in own]
    printer = Printer(tuple(table))
    return [printer.root(shifted(root, offsets[id(own)])) for root, own in roots], "\n".join(printer.lines())


def shifted(part: Any, offset: int) -> Any:
    """The same with other numbers of calls."""
    if isinstance(part, Call):
        return Call(part.number + offset)
    if isinstance(part, tuple):
        return tuple(shifted(item, offset) for item in part)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return dataclasses.replace(part, **{f.name: shifted(getattr(part, f.name), offset) for f in dataclasses.fields(part)})
    return part
