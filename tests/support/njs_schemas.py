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
    return read.kind === null ? schema().failures(c[0], read.value, '') : [read.kind, read.name];
  } catch (e) {
    return [String(e)];
  }
})"""
Judge = Callable[[Sequence[tuple[int, str]]], list[Any]]


@contextmanager
def judging(folder: Path, roots: Sequence[tuple[Schema, Table]], edit: Callable[[str], str] = lambda text: text) -> Iterator[Judge]:
    """Gives the failures of JSON texts, each by the root with its number; what can't be read is [kind, name], an exception one text."""
    numbers, text = printed(roots)

    def with_schemas(files: Mapping[str, str]) -> dict[str, str]:
        return edited(("policy.js", "return { apiKey,", f"{edit(text)}\nreturn {{ schema, apiKey,"))(files)

    with scripting(folder, EACH, files=with_schemas) as call:

        def judge(pairs: Sequence[tuple[int, str]]) -> list[Any]:
            found: list[Any] = []
            for at in range(0, len(pairs), 200):
                found += call([[numbers[root], text, LIMITS] for root, text in pairs[at : at + 200]])
            return found

        yield judge


def printed(roots: Sequence[tuple[Schema, Table]]) -> tuple[list[int], str]:
    """The numbers of the roots, and the text of all functions."""
    table: list[Schema] = []
    offsets = []
    for _, own in roots:
        offset = len(table)
        offsets.append(offset)
        table += [shifted(schema, offset) for schema in own]
    printer = Printer(tuple(table))
    numbers = [printer.root(shifted(root, offset)) for (root, _), offset in zip(roots, offsets, strict=True)]
    return numbers, "\n".join(printer.lines())


def shifted(part: Any, offset: int) -> Any:
    """The same with other numbers of calls."""
    if isinstance(part, Call):
        return Call(part.number + offset)
    if isinstance(part, tuple):
        return tuple(shifted(item, offset) for item in part)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return dataclasses.replace(part, **{f.name: shifted(getattr(part, f.name), offset) for f in dataclasses.fields(part)})
    return part
