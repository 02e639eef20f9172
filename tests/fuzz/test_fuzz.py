"""A few seeded inputs of each fuzz target (`make fuzz` runs more, for as long as one likes), and what the loop itself is good for."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tests.conformance.conformance_hosts import require
from tests.support.shared import corpora
from tools.fuzz import requests
from tools.fuzz.mutations import changed, mutated, shuffled
from tools.fuzz.target import Target, fuzz, keep
from tools.fuzz.targets import TARGETS

INPUTS = {"policy": 60, "document": 25, "pattern": 250, "schema": 60, "request": 40}


REGRESSIONS = [
    {"schema": {"oneOf": [{"oneOf": []}]}, "version": "3.0"},
    {"schema": {"anyOf": []}, "version": "3.0"},
    {"schema": {"multipleOf": 1e308}, "version": "3.0"},
    {"schema": {"multipleOf": 1e-300}, "version": "3.1"},
]
"""Schemas that fuzzing has found: an exception, or Lua that doesn't load."""


@pytest.mark.parametrize("found", REGRESSIONS, ids=lambda f: json.dumps(f["schema"]))
def test_schemas_that_were_faults(found, tmp_path):
    whole = {**found, "instances": [1, 1e308, 0, "a", None, {}], "closed": True, "formats": False}
    assert TARGETS["schema"].run(json.dumps(whole).encode(), tmp_path) == "compiled"


@pytest.mark.gateway
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_target(name, tmp_path):
    for collection in ("jsonschema", "openapi", "hostile"):
        corpora(collection)
    if name == "request":
        for host in ("nginx", "envoy", "openresty"):
            require(host)
    target = requests.target(("parameters", "json_texts")) if name == "request" else TARGETS[name]
    result = fuzz(target, tmp_path, seed=8, inputs=INPUTS[name])
    if result.faults:
        pytest.fail("\n".join(f"{place}\n{words}" for place, (_, words) in result.faults.items()), pytrace=False)
    assert len(result.outcomes) > 1, "all inputs ended in the same way: they test little"


def test_the_same_seed_gives_the_same_inputs():
    for name, target in TARGETS.items():
        assert target.make(Random(f"{name}:1")) == target.make(Random(f"{name}:1")), name


def _failing(_: bytes, __: Path) -> str:
    raise ValueError("x")


def test_a_fault_is_found_and_kept(tmp_path):
    target = Target("failing", lambda random: random.randbytes(4), _failing)
    result = fuzz(target, tmp_path, seed=1, inputs=3)
    assert result.outcomes == {"FAULT": 3}
    (path,) = keep(result, "failing", tmp_path / "kept")
    assert path.read_bytes() == target.make(Random("failing:1:0"))
    assert "ValueError" in path.with_suffix(".txt").read_text(encoding="utf-8")


def test_mutations_change_and_keep_the_original():
    tree = {"type": "object", "properties": {"a": {"type": "string"}, "b": [1, 2, {"c": None}]}}
    before = repr(tree)
    assert any(mutated(b"abc", Random(i), []) != b"abc" for i in range(5))
    assert any(changed(tree, Random(i)) != tree for i in range(5))
    assert any(shuffled(tree, Random(i)) != tree for i in range(5))
    assert repr(tree) == before
