"""Random schemas and instances: builder and model against jsonschema-rs on the schema as written."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gwc.diagnostics import Findings
from gwc.lowering.schema import SchemaBuilder
from gwc.source.cursor import Cursor
from gwc.source.document import Document
from tests.jsonschema.given import Built, load, value_of
from tests.support.schema_strategies import Case, cases, random_case


def build(case: Case, *, closed: bool = False) -> Built:
    """Straight from the text: the generator makes well-formed schemas only, which another test proves."""
    findings = Findings()
    cursor = Cursor.root(Document("openapi.json", case.document, None))
    for step in ("paths", "/s", "post", "requestBody", "content", "application/json", "schema"):
        cursor = cursor.child(step)
    builder = SchemaBuilder(findings, version=case.version, direction="request", formats=False)
    root = builder.root(cursor, closed)
    if findings.has_errors:
        pytest.fail(f"{findings.diagnostics}\n{case.document}")
    return Built(root, builder.table)


def disagreements(case: Case) -> list[str]:
    oracle, mine = case.oracle(), build(case)
    return [i for i in case.instances if mine.takes(value_of(i)) != oracle(i)]


def told(case: Case, instances: list[str]) -> str:
    body = json.loads(case.document)
    schema = body["paths"]["/s"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return f"{case.version}\nschema {json.dumps(schema)}\ncomponents {json.dumps(body.get('components'))}\ninstances {instances}"


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(cases())
def test_the_model_agrees_with_the_oracle(case: Case):
    wrong = disagreements(case)
    if wrong:
        pytest.fail(told(case, wrong))


def test_the_documents_of_the_generator_load(tmp_path):
    for seed in range(80):
        case = random_case(Random(seed), "3.1" if seed % 2 else "3.0")
        path = tmp_path / "openapi.json"
        path.write_text(case.document, encoding="utf-8")
        findings = Findings()
        if load(path, findings) is None:
            pytest.fail(f"seed {seed}: {[d for d in findings.diagnostics if d.severity == 'error']}\n{case.document}")


@pytest.mark.long
@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_the_model_agrees_with_the_oracle_on_60000_pairs(version: Any):
    pairs = valid = 0
    for seed in range(3000):
        case = random_case(Random(seed), version, 10)
        oracle = case.oracle()
        wrong = disagreements(case)
        if wrong:
            pytest.fail(f"seed {seed}: {told(case, wrong)}")
        pairs += len(case.instances)
        valid += sum(map(oracle, case.instances))
    assert pairs == 30_000
    assert 0.2 < valid / pairs < 0.8
