"""The request bodies of real documents: everything is printed, loads in one LuaJIT, runs, and says what the model says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwc.diagnostics import Findings
from gwc.jsonschema.tree import Schema
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.semantics.json_schema import failures
from gwc.source.openapi_model import OpenApi
from tests.jsonschema.given import load, value_of
from tests.lua.lua_schema import LuaSchemas
from tests.support.check_trees import Pick, text_for
from tests.support.shared import CORPORA

_DOCUMENTS = sorted(p.name for p in (CORPORA / "openapi").glob("*.*") if p.suffix in {".json", ".yaml"})
_REFUSED = {"docker-engine-v2.yaml", "slack-v2.json", "openai.yaml"}
"""Swagger 2.0, and a `$recursiveAnchor` that is no text."""


def _bodies(api: OpenApi, builder: SchemaBuilder, findings: Findings) -> Iterator[Schema]:
    """As strict mode has them; those with errors are left out."""
    for operation in api.operations:
        content = operation.request_body and operation.request_body.cursor.get("content")
        for _, media_type in content.members() if content else ():
            cursor = media_type.get("schema")
            before = len(findings.diagnostics)
            root = builder.root(cursor, closed=True) if cursor else None
            if root is not None and not any(d.severity == "error" for d in findings.diagnostics[before:]):
                yield root


@pytest.mark.long
@pytest.mark.parametrize("name", _DOCUMENTS)
def test_request_bodies(name):
    loading, findings, table = Findings(), Findings(), GrowingTable()
    api = load(Path(CORPORA / "openapi" / name), loading)
    assert (api is None) == (name in _REFUSED), [d.message for d in loading.diagnostics]
    if api is None:
        return
    builder = SchemaBuilder(findings, version=api.version, direction="request", formats=True, table=table)
    roots = list(_bodies(api, builder, findings))
    lua, wrong, pairs = LuaSchemas(table.table, roots), [], 0
    for number, root in enumerate(roots):
        pick = Pick(f"{name} {number}")
        for text in ("null", "{}", "[]", *(text_for(pick, root, table.table, 6) for _ in range(6))):
            pairs += 1
            told, expected = lua.failures(number, text), failures(root, table.table, value_of(text))
            if told != expected:
                wrong.append(f"{number}: {text}: {told}, the model {expected}")
    print(f"{name}: {len(roots)} bodies, {pairs} pairs, {len(lua.text) // 1024} KiB of Lua")
    if wrong:
        pytest.fail(f"{len(wrong)} of {pairs}\n" + "\n".join(wrong[:10])[:4000])
