"""Claims: found by path, compared without mixing types, and as scopes and roles."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gwc.controls.authorization_rule import ClaimCondition
from tests.lua.lua_core import Core, module, to_lua, to_python
from tests.lua.vectors import vectors
from tests.support.sample import gateway

VECTORS = vectors("claims")


@pytest.fixture(scope="module")
def core():
    """A gateway with a rule for each distinct condition."""
    base = gateway()
    distinct = sorted({_id(c) for c in VECTORS["conditions"]})
    empty = replace(base.rules[0], roles=())
    rules = []
    for number, text in enumerate(distinct):
        kind, values = json.loads(text)
        rules.append(replace(empty, id=f"r{number:03}", claims=(ClaimCondition(name="x", kind=kind, values=tuple(values)),)))
    return Core(replace(base, rules=tuple(rules))), {text: n for n, text in enumerate(distinct, 1)}


def _id(case):
    return json.dumps([case["kind"], case["values"]])


@pytest.mark.parametrize("case", VECTORS["conditions"], ids=lambda c: f"{c['kind']} {c['values']} {c['claim']}")
def test_conditions(core, case):
    made, numbers = core
    claims = module(made.lua, "json").decode(f'{{"x":{case["claim"]}}}'.encode().decode("latin-1"))
    verified = made.lua.table_from({"tokens": to_lua(made.lua, ["oauth"]), "claims": claims, "schemes": made.lua.table()})
    rule = to_lua(made.lua, [numbers[_id(case)]])
    refusal = module(made.lua, "authorization").check(made.core, rule, made.lua.table(), verified, "/", made.lua.table())
    assert (refusal is None) == case["holds"]
    assert refusal is None or refusal.reason == "authz.claim"


def test_without_a_token_no_condition_holds(core):
    made, numbers = core
    nobody = made.lua.table_from({"tokens": made.lua.table(), "schemes": made.lua.table()})
    for number in numbers.values():
        refusal = module(made.lua, "authorization").check(
            made.core, to_lua(made.lua, [number]), made.lua.table(), nobody, "/", made.lua.table()
        )
        assert refusal.reason == "authz.claim"


@pytest.mark.parametrize("case", VECTORS["paths"], ids=lambda c: f"{c['path']} {c['payload']}")
def test_paths(lua, case):
    claims = module(lua, "json").decode(case["payload"])
    assert (module(lua, "jwt").claim(claims, to_lua(lua, case["path"])) == 1) == case["is_one"]


@pytest.mark.parametrize("case", VECTORS["texts"], ids=lambda c: c["claim"])
def test_texts(lua, case):
    claims = module(lua, "json").decode(f'{{"x":{case["claim"]}}}')
    found = to_python(module(lua, "jwt").texts(claims, to_lua(lua, ["x"])))
    assert sorted(t.encode("latin-1").decode() for t in found) == case["texts"]
    assert not to_python(module(lua, "jwt").texts(claims, lua.table()))
