"""What a body within the limits can cost at most: 50 ms of a worker, whatever the schema."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gwc.jsonschema import tree
from gwc.jsonschema.tree import ANYTHING, Schema
from tests.lua.lua_core import new_runtime, to_lua
from tests.lua.lua_schema import LuaSchemas

MOST_MS = {"on": 50, "off": 250}
"""CPU. Without its JIT LuaJIT is slower; the gateways have it."""
_LIMITS = {"jsonDepth": 64, "jsonKeys": 500, "arrayItems": 1000, "stringBytes": 65_536}
_TIME = """
local reader, schema = require "gwc.json_reader", require "gwc.schema"
return function(text, limits, judge)
  local best, verdict = math.huge, nil
  for _ = 1, 3 do
    collectgarbage()
    local start = os.clock()
    local value, kind, name = reader.decode(text, limits)
    assert(kind == nil, name)
    verdict = schema.judge(judge, value, {}, "body", "")
    best = math.min(best, os.clock() - start)
  end
  return verdict, best * 1000
end
"""


def _schema(*checks: tree.Check) -> Schema:
    return Schema(checks)


def _list(schema: Schema, *more: tree.Check) -> Schema:
    return _schema(tree.Items((), schema), *more)


STRING = _schema(tree.Types(("string",)))
_WORST_PATTERN = "^(?:[\\p{L}\\p{N}]+[.-]?)*$"
_EMAIL = "^[a-z0-9._%+-]+@(?:[a-z0-9-]{1,20}\\.){1,5}[a-z]{2,9}$"
_STRING = _schema(tree.Types(("string",)), tree.Count("maxLength", 60_000), tree.Matches("pattern", _EMAIL))
_NUMBER = _schema(tree.Types(("integer",)), tree.MultipleOf(tree.Decimal("0.03")), tree.Bound("maximum", "<=", tree.Decimal("1e307")))
_ENUM = _schema(tree.Enum("enum", tuple(json.dumps({"a": list(range(i))}) for i in range(20))))
_BRANCHING = _schema(
    tree.AnyOf(
        (
            _schema(tree.Members((("a", _schema(tree.Call(0))),)), tree.Required(("b",))),
            _schema(tree.Members((("a", _schema(tree.Call(0))),)), tree.Required(("c",))),
            _schema(tree.Members((("a", _schema(tree.Call(0))),)), tree.UnevaluatedProperties(tree.NOTHING)),
        )
    ),
    tree.Items((), _schema(tree.Call(0))),
)
_DEEP = _schema(tree.UniqueItems(), tree.Items((), _schema(tree.Call(1))))


def _objects() -> str:
    return json.dumps([{f"name{i}": "x" * 60, "b": [i]} for i in range(250)] + [["y" * 60, i] for i in range(750)])


def _alike() -> str:
    """30,000 strings that LuaJIT's quick hash takes for the same: it looks at the first and last four bytes and at some in the middle."""
    texts = [f"aaaa{i:05}" + "b" * 22 for i in range(30_000)]
    return json.dumps([texts[i : i + 1000] for i in range(0, 30_000, 1000)], separators=(",", ":"))


def _long_numbers() -> str:
    return "[" + ",".join(f"{i}" + "123456789" * 12 for i in range(100, 600)) + "]"


CASES: dict[str, tuple[Schema, Callable[[], str]]] = {
    "depth": (_schema(tree.Call(1)), lambda: "[" * 64 + "]" * 64),
    "depth with members": (_schema(tree.Call(0)), lambda: '{"a":' * 64 + "1" + "}" * 64),
    "depth that fails at its end": (_schema(tree.Call(0)), lambda: '{"a":' * 62 + '{"d":1}' + "}" * 62),
    "500 members": (
        _schema(tree.Members((), (("^a", _STRING), ("[0-9]$", ANYTHING)), _schema(tree.Types(("string",))))),
        lambda: json.dumps({f"member{i:04}": "x" * 100 for i in range(500)}),
    ),
    "500 members in one type": (
        _schema(tree.Members(tuple((f"member{i:04}", _STRING) for i in range(500)), (), tree.NOTHING)),
        lambda: json.dumps({f"member{i:04}": "x" * 100 for i in range(500)}),
    ),
    "unique objects": (_list(ANYTHING, tree.UniqueItems()), _objects),
    "unique numbers": (_list(ANYTHING, tree.UniqueItems()), _long_numbers),
    "strings of one hash": (_list(_list(STRING)), _alike),
    "names of one hash": (_schema(tree.Members((), (), STRING)), lambda: json.dumps({f"aaaa{i:05}" + "b" * 22: "" for i in range(500)})),
    "long numbers": (_list(_NUMBER), _long_numbers),
    "numbers of 1,000 digits": (_list(_NUMBER), lambda: "[" + ",".join(["0." + "1" * 998] * 64) + "]"),
    "1,000 strings": (_list(_STRING), lambda: json.dumps(["a" * 50 + "@example.com"] * 1000)),
    "1,000 escaped strings": (_list(_STRING), lambda: "[" + ",".join(['"' + "\\u00e9" * 10 + '"'] * 1000) + "]"),
    "a string of 64 KiB": (_STRING, lambda: json.dumps("é" * 32_000, ensure_ascii=False)),
    "the worst pattern": (_schema(tree.Matches("pattern", _WORST_PATTERN)), lambda: json.dumps("éa" * 21_000, ensure_ascii=False)),
    "a constant object": (_list(_ENUM), lambda: json.dumps([{"a": list(range(19))}] * 500)),
    "a megabyte": (_list(ANYTHING, tree.UniqueItems()), lambda: json.dumps(["x" * 1000 + str(i) for i in range(1000)])),
}


@pytest.mark.parametrize("jit", ["on", "off"])
@pytest.mark.parametrize("name", CASES)
def test_cost(name, jit):
    schema, text = CASES[name]
    lua = new_runtime()
    lua.execute(f"jit.{jit}()")
    schemas = LuaSchemas((_BRANCHING, _DEEP), [schema], lua)
    verdict, milliseconds = lua.execute(_TIME)(text().encode().decode("latin-1"), to_lua(lua, _LIMITS), schemas.judges[1])
    print(f"{name}, jit {jit}: {milliseconds:.1f} ms, {verdict}")
    assert milliseconds < MOST_MS[jit]
