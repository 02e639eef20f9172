"""Schemas on the engine of njs, against the model and the suite that others wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.jsonschema.tree import Schema, Table
from gwc.lowering.schema import SchemaBuilder
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import body_schema, load, value_of
from tests.support.njs_schemas import judging
from tests.support.schema_suite import Draft, Group, groups, write_document

pytestmark = pytest.mark.gateway


def build(group: Group, folder: Path) -> tuple[Schema, Table] | None:
    """The schema of a group; None where it is refused by name (tests/jsonschema/test_suite.py says which may be)."""
    api = load(write_document((group,), folder), Findings())
    if api is None:
        return None
    findings = Findings()
    builder = SchemaBuilder(findings, version=api.version, direction="request", formats=group.asserts_formats)
    root = builder.root(body_schema(api, 0), closed=False)
    return None if findings.has_errors else (root, builder.table)


@pytest.mark.parametrize("draft", ["draft4", "draft2020-12"])
def test_the_suite(draft: Draft, tmp_path: Path) -> None:
    """Every verdict, and every failure that is told, is the model's; the model's are right (tests/jsonschema/test_suite.py)."""
    roots, pairs, wanted = [], [], []
    for number, group in enumerate(groups(draft)):
        (tmp_path / str(number)).mkdir()
        built = build(group, tmp_path / str(number))
        if built is None:
            continue
        for test in group.tests:
            pairs.append((len(roots), test.text))
            wanted.append([list(f) for f in failures(*built, value_of(test.text))])
        roots.append(built)
    (tmp_path / "nginx").mkdir()
    with judging(tmp_path / "nginx", roots) as judge:
        found = judge(pairs)
    check(pairs, wanted, found)
    assert len(pairs) > 400


def check(pairs: list[Any], wanted: list[Any], found: list[Any]) -> None:
    """All at once: the instances of a request are many."""
    wrong = [(p, w, f) for p, w, f in zip(pairs, wanted, found, strict=True) if w != f]
    if wrong:
        pytest.fail(f"{len(wrong)} of {len(pairs)}: " + "\n".join(map(repr, wrong[:20]))[:4000])
