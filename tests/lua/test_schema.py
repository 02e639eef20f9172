"""The printed Lua against the model: random check trees and values, verdicts and failures."""

from __future__ import annotations

import random

import pytest

from gwc.semantics.json_schema import failures
from tests.jsonschema.given import value_of
from tests.lua.lua_core import new_runtime
from tests.lua.lua_schema import LuaSchemas
from tests.support.check_trees import table, text_for


def _differences(seeds: range, texts: int) -> tuple[int, int, list[str]]:
    """Pairs, those that hold, and what Lua tells otherwise than the model."""
    wrong, pairs, valid, lua = [], 0, 0, new_runtime()
    for seed in seeds:
        pick = random.Random(seed)
        calls, roots = table(pick)
        schemas = LuaSchemas(calls, roots, lua)
        for at, root in enumerate(roots):
            for _ in range(texts):
                text = text_for(pick, root, calls)
                expected, told = failures(root, calls, value_of(text)), schemas.failures(at, text)
                pairs, valid = pairs + 1, valid + (not expected)
                if told != expected:
                    wrong.append(f"seed {seed} root {at}: {text}: {told} instead of {expected}")
    return pairs, valid, wrong


@pytest.mark.parametrize("part", range(4))
def test_verdicts_and_failures_are_those_of_the_model(part):
    pairs, valid, wrong = _differences(range(part * 100, part * 100 + 100), 6)
    print(f"{pairs} pairs, {valid} valid")
    assert pairs // 4 < valid < pairs * 3 // 4
    if wrong:
        pytest.fail(f"{len(wrong)} of {pairs} differ\n" + "\n".join(wrong[:20]))


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_many_verdicts_and_failures_are_those_of_the_model(part):
    """60,000 pairs."""
    pairs, valid, wrong = _differences(range(10_000 + part * 250, 10_250 + part * 250), 6)
    print(f"{pairs} pairs, {valid} valid")
    if wrong:
        pytest.fail(f"{len(wrong)} of {pairs} differ\n" + "\n".join(wrong[:20]))
