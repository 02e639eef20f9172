"""The request schemas of real documents on the engine of njs: every function runs, and says what the model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import SchemaBuilder
from gwc.semantics.json_schema import failures
from gwc.source import Workspace
from gwc.source.openapi import load_openapi
from tests.jsonschema.given import value_of
from tests.jsonschema.test_corpora import DOCUMENTS, request_schemas
from tests.nginx.test_schema import check
from tests.support.njs_schemas import judging
from tests.support.shared import corpora

pytestmark = pytest.mark.gateway
TEXTS = (
    "{}",
    "[{}]",
    '"text"',
    "7",
    '{"name":"x","id":1,"type":"y","data":{"attributes":{}},"items":[{"id":"1"}],"metadata":{"labels":{"a":"b"}}}',
)
USUAL = {"museum.yaml", "petstore.yaml", "readme-parameters-style-31.json"}


def _path(document: Any) -> str:
    return str(document.values[0] if hasattr(document, "values") else document[0])


@pytest.mark.parametrize(
    "path",
    [p if p in USUAL else pytest.param(p, marks=pytest.mark.long) for p in map(_path, DOCUMENTS) if not p.startswith("digitalocean/")],
)
def test_request_schemas_run(path: str, tmp_path: Path) -> None:
    loaded: Any = load_openapi(Workspace(corpora("openapi")), path, Findings())
    builder = SchemaBuilder(Findings(), version=loaded.version, direction="request", formats=True)
    roots = list(dict.fromkeys(builder.root(cursor, closed=True) for cursor in request_schemas(loaded)))
    table = builder.table
    pairs = [(number, text) for number in range(len(roots)) for text in TEXTS]
    wanted = [[list(failure) for failure in failures(roots[number], table, value_of(text))] for number, text in pairs]
    with judging(tmp_path, [(root, table) for root in roots]) as judge:
        check(pairs, wanted, judge(pairs))
    print(f"{len(roots)} schemas, {len(pairs)} pairs, {sum(not w for w in wanted)} valid")
