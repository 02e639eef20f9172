"""Parameters and bodies in Lua against the model: random rules and texts, the values that schemas would judge, and what does not hold."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gwc.backends.validation_plan import make_plan
from gwc.controls.json_schema import JsonSchema
from gwc.controls.validation import Validation
from tests.lua.lua_core import module, new_runtime, to_lua
from tests.support.judged_values import WORDS, Model, comparable
from tests.support.sample import JSON, PUBLIC, gateway, operation
from tests.support.validation_rules import Asked, random_request, random_rule

_SEEN = """
local json_value = require "gwc.json_value"
local function seen(value)
  local kind = json_value.kind(value)
  local out = { kind }
  if kind == "decimal" then
    out[2], out[3], out[4] = value.negative, value.digits, value.exponent
  elseif kind == "array" then
    for i, item in ipairs(value) do out[i + 1] = seen(item) end
  elseif kind == "object" then
    local count = 0
    for name, member in next, value do
      if name ~= 0 then
        count = count + 1
        out[2 * count], out[2 * count + 1] = name, seen(member)
      end
    end
    assert(count == value[0], "an object that does not know its size")
  elseif kind ~= "null" then
    out[2] = value
  end
  return out
end
return function(tell)
  local schema = function(value) tell(seen(value)) return true end
  return function() return setmetatable({}, { __index = function() return schema end }) end
end
"""


class LuaPhase:
    """Phase 9 of one rule in Lua; `values`: what schemas were asked about."""

    def __init__(self, lua: Any, rule: Validation, schemas: JsonSchema) -> None:
        one = replace(operation("POST", "/x/{a}/y", PUBLIC, JSON, "orders.x"), validation=rule)
        plan = make_plan(gateway(operations=(one,), json_schema=schemas))
        self.lua, self.values = lua, list[Any]()
        compiled = lua.execute(_SEEN)(lambda value: self.values.append(python_value(value)))
        self._check, prepare, _ = module(lua, "validation").new(to_lua(lua, as_bytes(plan.shapes)), compiled)
        self._rule = None if rule.is_off else prepare(to_lua(lua, as_bytes(plan.operations["orders.x"])))

    def outcome(self, asked: Asked) -> tuple[str, tuple[tuple[str, str, str], ...]] | None:
        """Reason and errors; None: it holds."""
        if self._rule is None:
            return None
        kind = [v for k, v in asked.headers if k == "content-type"]
        request = {
            "target": asked.target,
            "header": lambda name: to_lua(self.lua, [v for k, v in asked.headers if k == name]),
            "has_body": bool(asked.body),
            "content_type": kind[0] if kind else None,
            "body": lambda: asked.body.decode("latin-1"),
        }
        verdict = self._check(self._rule, self.lua.table_from(request))
        if verdict is True or (isinstance(verdict, tuple) and verdict[0] is True):  # with the value of the body
            return None
        return verdict.reason, tuple((e.place, text(e.pointer), e.keyword) for e in (verdict.errors or {}).values())[:5]


def as_bytes(value: Any) -> Any:
    """Texts as the runtime sees them."""
    if isinstance(value, dict):
        return {name: as_bytes(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_bytes(item) for item in value]
    return value.encode().decode("latin-1") if isinstance(value, str) else value


def text(found: str) -> str:
    return found.encode("latin-1").decode()


def python_value(seen: Any) -> Any:
    kind, *rest = seen.values()
    if kind == "array":
        return [python_value(item) for item in rest]
    if kind == "object":
        return {text(name): python_value(member) for name, member in zip(rest[::2], rest[1::2], strict=True)}
    if kind == "decimal":
        negative, digits, exponent = rest
        return Decimal(f"{'-' if negative else ''}{digits}e{exponent - len(digits) + 1}")
    if kind == "number":
        return Decimal(repr(float(rest[0])))
    return {"null": lambda: None, "boolean": lambda: rest[0], "string": lambda: text(rest[0])}[kind]()


@pytest.mark.parametrize("part", range(4))
def test_values_and_failures_are_those_of_the_model(part, monkeypatch):
    runtime, truth, seen, wrong = new_runtime(), Model(monkeypatch), Counter[str](), list[str]()
    for seed in range(part * 400, part * 400 + 400):
        pick = random.Random(seed)
        rule, schemas = random_rule(pick)
        lua = LuaPhase(runtime, rule, schemas)
        for _ in range(12):
            asked = random_request(pick, rule)
            lua.values.clear()
            told = lua.outcome(asked)
            word, fault = truth.difference(told, [comparable(v) for v in lua.values], rule, schemas, asked)
            seen[word] += 1
            if fault:
                wrong.append(f"seed {seed}: {asked}\n  {fault}")
    print(seen)
    assert min(seen[w] for w in WORDS) > 10
    if wrong:
        pytest.fail(f"{len(wrong)} of {sum(seen.values())} differ\n" + "\n".join(wrong[:12]))
