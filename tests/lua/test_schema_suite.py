"""The JSON-Schema-Test-Suite through documents, the builder and the printed Lua: its verdicts, and the failures of the model."""

from __future__ import annotations

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import body_schema, load, value_of
from tests.jsonschema.test_suite import DECLARED, REFUSED
from tests.lua.lua_schema import LuaSchemas
from tests.support.schema_suite import Draft, groups, write_document


@pytest.mark.parametrize("draft", ["draft4", "draft2020-12"])
def test_verdicts_and_failures(draft: Draft, tmp_path):
    chosen = tuple(group for group in groups(draft) if group.name not in {*DECLARED, *REFUSED})
    api = load(write_document(chosen, tmp_path), Findings())
    assert api is not None
    table, roots = GrowingTable(), {}
    for number, group in enumerate(chosen):
        findings = Findings()
        builder = SchemaBuilder(findings, version=api.version, direction="request", formats=group.asserts_formats, table=table)
        root = builder.root(body_schema(api, number), closed=False)
        if not findings.has_errors:  # formats that can't be judged are refused
            roots[number] = root
    assert len(roots) > len(chosen) - 12
    lua = LuaSchemas(table.table, list(roots.values()))
    wrong, count = [], 0
    for at, (number, root) in enumerate(roots.items()):
        group = chosen[number]
        for test in group.tests:
            count += 1
            told = lua.failures(at, test.text)
            expected = failures(root, table.table, value_of(test.text))
            if told != expected or (not told) != test.is_valid:
                wrong.append(f"{group.name}: {test.description}: {test.text[:80]}: {told} instead of {expected}")
    print(f"{count} verdicts")
    if wrong:
        pytest.fail(f"{len(wrong)} of {count} wrong\n" + "\n".join(wrong[:40]))
