"""The JSON-Schema-Test-Suite: a schema is the body of an operation, an instance is a request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gwc.diagnostics import Problems
from gwc.lowering import compile_policy
from tests.support.schema_suite import Draft, Group, Instance, groups, write_document
from tools.conformance.questions import Batch, Question, Wanted, post, write_policy

DECLARED = {
    "draft4 optional/zeroTerminatedFloats: a float is not an integer even without fractional part": "1.0 is an integer in all versions of OpenAPI, as in 2020-12"
}
"""Cases whose verdict gwc turns round on purpose, with the reason."""

DRAFTS: tuple[Draft, ...] = ("draft4", "draft2020-12")
_LINE_OF_FIRST_OPERATION = 2


def batches(folder: Path) -> list[Batch]:
    """One batch for each draft and each meaning of `format`."""
    found = []
    for draft in DRAFTS:
        for asserts in (False, True):
            chosen = tuple(g for g in groups(draft) if g.asserts_formats == asserts)
            name = f"{draft}-{'formats' if asserts else 'rest'}"
            place = folder / name
            place.mkdir(parents=True)
            found.append(batch(name, chosen, place, formats="assert" if asserts else "ignore"))
    return found


def batch(name: str, chosen: Sequence[Group], folder: Path, *, formats: str) -> Batch:
    """The questions about all groups that compile, and the words of the compiler about the others."""
    refused: dict[str, str] = {}
    while True:
        left = tuple(g for g in chosen if g.name not in refused)
        policy = _write(left, folder, formats)
        try:
            compile_policy(policy, root=folder)
        except Problems as problems:
            found = _refused(problems, left)
            if not found:
                raise
            refused |= found
        else:
            break
    asked = [q for n, g in enumerate(left) for q in _questions(g, f"/s{n}")]
    unasked = [q for g in chosen if g.name in refused for q in _questions(g, "/")]
    return Batch(name, policy, tuple(asked), refused, tuple(unasked))


def _write(chosen: Sequence[Group], folder: Path, formats: str) -> Path:
    write_document(tuple(chosen), folder)
    return write_policy(folder, [f"s{n}" for n in range(len(chosen))], {"body": "schema", "parameters": "strict", "formats": formats})


def _refused(problems: Problems, left: Sequence[Group]) -> dict[str, str]:
    """Group -> message, by the file or the line of the finding; findings elsewhere are nobody's."""
    by_file = {name: g.name for g in left for name, _ in g.files[:1]}
    found: dict[str, str] = {}
    for problem in problems.diagnostics:
        if problem.severity != "error":
            continue
        span = problem.span
        name = by_file.get(span.path)
        number = span.line - _LINE_OF_FIRST_OPERATION
        if span.path == "openapi.json" and 0 <= number < len(left):
            name = left[number].name
        if name:
            found.setdefault(name, re.sub(r"\s+", " ", f"{problem.code} {problem.message}"))
    return found


def _questions(group: Group, path: str) -> list[Question]:
    section = f"random schemas, {group.draft}" if group.keyword == "random" else f"JSON Schema {group.draft}, {_kind(group)}"
    return [_question(section, group, t, path) for t in group.tests]


def _question(section: str, group: Group, test: Instance, path: str) -> Question:
    turned = f"{group.draft} {group.keyword}: {test.description}" in DECLARED
    wanted: Wanted = "accepted" if test.is_valid != turned else "refused"
    return Question(section, group.name, test.description, post(path, test.text.encode()), wanted, turned)


def _kind(group: Group) -> str:
    return "optional" if group.is_optional else "mandatory"
