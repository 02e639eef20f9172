"""Random schemas and values on the engine of njs: the verdicts of jsonschema-rs, the failures of the model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gwc.diagnostics import Findings
from gwc.lowering.schema import GrowingTable, SchemaBuilder
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import body_schema, load, value_of
from tests.nginx.test_schema import check
from tests.support.check_trees import table, text_for
from tests.support.njs_schemas import judging
from tests.support.random_schemas import random_groups
from tests.support.schema_suite import Draft, write_document

pytestmark = pytest.mark.gateway
SMALL = {"jsonDepth": 2, "jsonKeys": 3, "arrayItems": 2, "stringBytes": 64}
DRAFTS: tuple[Draft, ...] = ("draft4", "draft2020-12")


def told(found: Any) -> list[list[str]]:
    return [list(failure) for failure in found]


def compare_trees(seeds: range, texts: int, folder: Path) -> None:
    """Check trees that no document needs to have: every kind of check in every other one."""
    roots, pairs, wanted = [], [], []
    for seed in seeds:
        pick = random.Random(seed)
        calls, some = table(pick)
        for root in some:
            for text in [text_for(pick, root, calls) for _ in range(texts)]:
                pairs.append((len(roots), text))
                wanted.append(told(failures(root, calls, value_of(text))))
            roots.append((root, calls))
    with judging(folder, roots) as judge:
        check(pairs, wanted, judge(pairs))
        assert len(judge.quick) > len(pairs) // 20
        judge(pairs, SMALL)  # raises where the quick way takes what is beyond a limit
        assert judge.quick
    print(f"{len(pairs)} pairs, {sum(not w for w in wanted)} valid, {len(judge.quick)} quickly")


def compare_schemas(draft: Draft, seed: int, schemas: int, instances: int, folder: Path, *, closed: bool = False) -> None:
    """Schemas of documents; `closed`: as strict mode has them, for which there is no oracle but the model."""
    made = random_groups(draft, seed, schemas, instances)
    (folder / "document").mkdir()
    api = load(write_document(made, folder / "document"), Findings())
    assert api is not None
    findings, growing = Findings(), GrowingTable()
    builder = SchemaBuilder(findings, version=api.version, direction="request", formats=True, table=growing)
    roots = [builder.root(body_schema(api, number), closed=closed) for number in range(schemas)]
    assert not findings.has_errors
    pairs = [(n, test.text) for n, group in enumerate(made) for test in group.tests]
    wanted = [told(failures(roots[n], growing.table, value_of(text))) for n, text in pairs]
    if not closed:
        assert [not w for w in wanted] == [test.is_valid for group in made for test in group.tests]
    calls = growing.table
    with judging(folder, [(root, calls) for root in roots]) as judge:
        check(pairs, wanted, judge(pairs))
    print(f"{len(pairs)} pairs, {sum(not w for w in wanted)} valid, {len(judge.quick)} quickly")


def test_trees(tmp_path: Path) -> None:
    compare_trees(range(200), 6, tmp_path)


@pytest.mark.parametrize("draft", DRAFTS)
def test_schemas(draft: Draft, tmp_path: Path) -> None:
    compare_schemas(draft, 2, 120, 10, tmp_path)


@pytest.mark.parametrize("draft", DRAFTS)
def test_schemas_of_strict_mode(draft: Draft, tmp_path: Path) -> None:
    compare_schemas(draft, 3, 60, 10, tmp_path, closed=True)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_many_trees(part: int, tmp_path: Path) -> None:
    """24,000 pairs."""
    compare_trees(range(20_000 + part * 100, 20_100 + part * 100), 8, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 210))
@pytest.mark.parametrize("draft", DRAFTS)
def test_many_schemas(draft: Draft, seed: int, tmp_path: Path) -> None:
    """40,000 pairs."""
    compare_schemas(draft, seed, 200, 10, tmp_path)
