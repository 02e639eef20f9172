"""Random OpenAPI schemas and near values: the printed Lua gives the verdicts of jsonschema-rs, and the failures of the model."""

from __future__ import annotations

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import body_schema, load, value_of
from tests.lua.lua_schema import LuaSchemas
from tests.support.random_schemas import random_groups
from tests.support.schema_suite import Draft, write_document

DRAFTS: tuple[Draft, ...] = ("draft4", "draft2020-12")


def _disagreements(draft: Draft, seed: int, schemas: int, instances: int, folder) -> tuple[int, int, list[str]]:
    """Pairs, those that hold, and what is wrong."""
    made = random_groups(draft, seed, schemas, instances)
    api = load(write_document(made, folder), Findings())
    assert api is not None
    findings, table = Findings(), GrowingTable()
    builder = SchemaBuilder(findings, version=api.version, direction="request", formats=True, table=table)
    roots = [builder.root(body_schema(api, number), closed=False) for number in range(schemas)]
    assert not findings.has_errors, [d.message for d in findings.diagnostics]
    lua = LuaSchemas(table.table, roots)
    wrong, pairs = [], [(n, test) for n, group in enumerate(made) for test in group.tests]
    for number, test in pairs:
        told, expected = lua.failures(number, test.text), failures(roots[number], table.table, value_of(test.text))
        if (not told) != test.is_valid or told != expected:
            wrong.append(f"{draft} {made[number].description}: {test.text}: {told}, the model {expected}, the oracle {test.is_valid}")
    return len(pairs), sum(test.is_valid for _, test in pairs), wrong


def _check(draft: Draft, seed: int, schemas: int, instances: int, folder) -> None:
    pairs, valid, wrong = _disagreements(draft, seed, schemas, instances, folder)
    print(f"{pairs} pairs, {valid} valid")
    if wrong:
        pytest.fail(f"{len(wrong)} of {pairs} wrong\n" + "\n".join(wrong[:20]))


@pytest.mark.parametrize("draft", DRAFTS)
def test_agrees_with_an_independent_validator(draft, tmp_path):
    _check(draft, 1, 150, 10, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
@pytest.mark.parametrize("draft", DRAFTS)
def test_agrees_in_many_cases(draft, seed, tmp_path):
    """60,000 pairs."""
    _check(draft, seed, 250, 12, tmp_path)
