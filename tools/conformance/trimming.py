"""A real document without the parts that gwc refuses: each is removed where the finding lies, and named."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gwc.diagnostics import Problems
from gwc.ir import Gateway
from gwc.lowering import compile_policy
from tests.support.minimal_policy import put

ROUNDS = 30
OTHER_VERSION, NO_PATH = "GWC801", "GWC304"
Pointer = tuple[str | int, ...]


@dataclass
class Trimmed:
    """What compiles of a document. `findings`: `code message` -> how often, of all that was removed; `gateway` None: nothing is left."""

    findings: Counter[str] = field(default_factory=Counter)
    gateway: Gateway | None = None


def trimmed(document: Path, folder: Path) -> Trimmed:
    """Compiles the document with validation, again and again without what the compiler refuses. Raises Problems when that ends nowhere."""
    tree = _read(document)
    result = Trimmed()
    for number in range(ROUNDS):
        place = folder / str(number)
        place.mkdir(parents=True)
        text, pointers = printed(tree)
        (place / "document.json").write_text(text, encoding="utf-8")
        try:
            result.gateway = _compiled(place)
        except Problems as problems:
            errors = [d for d in problems.diagnostics if d.severity == "error" and d.span.path.endswith("document.json")]
            where = {_removable(pointers[d.span.line - 1]): d.code for d in errors}
            if not errors or () in where or any(d.code == OTHER_VERSION for d in errors):
                result.findings.update(_words(d.code, d.message) for d in problems.diagnostics if d.severity == "error")
                return result
            result.findings.update(_words(d.code, d.message) for d in errors)
            tree = _without(_with_other_paths(tree, where), {p for p, code in where.items() if code != NO_PATH})
        else:
            return result
    raise AssertionError(f"{document.name}: no end of findings")


def _compiled(place: Path) -> Gateway:
    project = place / "project"
    project.mkdir()
    policy = put(place / "document.json", project)
    tree = json.loads(policy.read_text(encoding="utf-8"))
    policy.write_text(json.dumps({**tree, "validation": {"request": {}}}), encoding="utf-8")
    return compile_policy(policy, root=project).gateway


def _removable(pointer: Pointer) -> Pointer:
    """The node to remove for a finding there: parameters as a whole, for one without its schema would only be the next finding."""
    ends = [i + 2 for i, token in enumerate(pointer[:-1]) if token == "parameters" and isinstance(pointer[i + 1], int)]
    return pointer[: ends[0]] if ends else pointer


def _words(code: str, message: str) -> str:
    """The message without what only this place has."""
    return f"{code} " + re.sub(r"\s+", " ", re.sub(r"'[^']*'", "'...'", message))


def _read(document: Path) -> Any:
    text = document.read_text(encoding="utf-8")
    return json.loads(text) if document.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)


def printed(tree: Any) -> tuple[str, list[Pointer]]:
    """JSON with a line for each node, and the pointer of each line."""
    lines = list(_lines(tree, (), "", ""))
    return "\n".join(line for line, _ in lines), [pointer for _, pointer in lines]


def _lines(node: Any, pointer: Pointer, before: str, after: str) -> Iterator[tuple[str, Pointer]]:
    if isinstance(node, dict) and node:
        yield before + "{", pointer
        for i, (key, value) in enumerate(node.items()):
            yield from _lines(value, (*pointer, str(key)), f"{json.dumps(str(key))}: ", "" if i == len(node) - 1 else ",")
        yield "}" + after, pointer
    elif isinstance(node, list) and node:
        yield before + "[", pointer
        for i, value in enumerate(node):
            yield from _lines(value, (*pointer, i), "", "" if i == len(node) - 1 else ",")
        yield "]" + after, pointer
    else:
        yield before + json.dumps(node, default=str) + after, pointer


def _with_other_paths(tree: Any, where: dict[Pointer, str]) -> Any:
    """A copy in which paths that no gateway serves have a name that can be served, so that what is below them is compiled, too."""
    renamed = {
        p[1]: f"/gwc-path-{n}" + "".join(re.findall(r"/?\{[A-Za-z0-9_]+\}", str(p[1]))).replace("}{", "}/{")
        for n, (p, code) in enumerate(sorted(where.items(), key=str))
        if code == NO_PATH and p[:1] == ("paths",)
    }
    return {**tree, "paths": {renamed.get(k, k): v for k, v in tree["paths"].items()}} if renamed else tree


def _without(tree: Any, pointers: set[Pointer]) -> Any:
    """A copy without these nodes. Security schemes stay whole: what uses one that can't be served is removed, not its parts."""
    tree = copy.deepcopy(tree)
    for pointer in sorted(pointers, key=lambda p: tuple(map(str, p)), reverse=True):
        holder = tree
        try:
            for token in pointer[:-1]:
                holder = holder[token]
            del holder[pointer[-1]]
        except (KeyError, IndexError):  # a node above it is gone
            continue
    return tree
