"""Compiled schemas in LuaJIT, and values from JSON texts to ask them about."""

from __future__ import annotations

from collections.abc import Sequence

from lupa.luajit21 import LuaRuntime

from gwc.jsonschema.lua import print_schemas
from gwc.jsonschema.tree import Schema, Table
from tests.lua.lua_core import module, new_runtime, to_lua

LIMITS = {"jsonDepth": 64, "jsonKeys": 100_000, "arrayItems": 100_000, "stringBytes": 1_000_000}

_ASK = """
local reader, schema = require "gwc.json_reader", require "gwc.schema"
return function(text, limits, judge)
  local value, kind, name = reader.decode(text, limits)
  if kind then return nil, kind .. " " .. name end
  local failures = {}
  local verdict = schema.judge(judge, value, failures, "body", "")
  local told = {}
  for i, failure in ipairs(failures) do
    told[2 * i - 1], told[2 * i] = failure.pointer, failure.keyword
  end
  return verdict, unpack(told)
end
"""


class LuaSchemas:
    """The functions of some schemas, in one LuaJIT."""

    def __init__(self, table: Table, roots: Sequence[Schema], lua: LuaRuntime | None = None) -> None:
        self.lua = lua or new_runtime()
        self._limits = to_lua(self.lua, LIMITS)
        self._ask = self.lua.execute(_ASK)
        self.text = print_schemas(table, roots)
        self.judges = self.lua.execute(self.text)(module(self.lua, "schema"))

    def failures(self, root: int, text: str) -> tuple[tuple[str, str], ...]:
        """Pointers and keywords of what does not hold for a JSON text, as the gateway tells them."""
        found = self._ask(text.encode().decode("latin-1"), self._limits, self.judges[root + 1])
        verdict, told = (found[0], found[1:]) if isinstance(found, tuple) else (found, ())
        if verdict is None:
            raise ValueError(told[0])
        assert verdict == (not told)
        return tuple((pointer.encode("latin-1").decode(), keyword) for pointer, keyword in zip(told[::2], told[1::2], strict=True))
