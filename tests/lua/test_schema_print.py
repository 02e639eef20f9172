"""The printed text: whatever a document says stays text, any size loads in LuaJIT, and what is broken raises."""

from __future__ import annotations

import json

import pytest
from lupa.luajit21 import LuaError

from gwc.jsonschema import tree
from gwc.jsonschema.constant import canonical
from gwc.jsonschema.cycles import recursive
from gwc.jsonschema.lua import print_schemas
from gwc.jsonschema.tree import ANYTHING, NOTHING, Call, Items, Members, Schema, Types
from tests.lua.lua_core import module, new_runtime
from tests.lua.lua_schema import LuaSchemas
from tests.lua.test_globals import globals_of

HOSTILE = (
    '"',
    "\\",
    "]]",
    "--",
    "--[[",
    "\n",
    "\r\n",
    "\0",
    "%s",
    '" .. os.exit() .. "',
    "é",
    "\U0001f600",
    "\u2028",
    "[0]",
    "0",
    "end",
    "\x7f",
    "'",
    "]=]",
    "\\\n",
)


def schema(*checks: tree.Check) -> Schema:
    return Schema(checks)


STRING, INTEGER = schema(Types(("string",))), schema(Types(("integer",)))


def test_hostile_texts_stay_texts():
    members = Members(tuple((name, schema(tree.Enum("const", (canonical(name),)))) for name in HOSTILE), (), NOTHING)
    closed = schema(tree.Required(HOSTILE), members, tree.Known("additionalProperties", tuple(sorted(HOSTILE)), ()))
    made = LuaSchemas((), [closed])
    assert made.text.isascii()
    assert made.failures(0, json.dumps({name: name for name in HOSTILE})) == ()
    assert made.failures(0, json.dumps({**{name: name for name in HOSTILE}, "--": "]]"})) == (("/--", "const"),)
    assert len(made.failures(0, "{}")) == 5


def test_pointers_are_escaped():
    made = LuaSchemas((), [schema(Members((("a/b~c", schema(Items((), STRING))),)))])
    assert made.failures(0, '{"a/b~c":["",1]}') == (("/a~1b~0c/1", "type"),)


def test_no_global_is_used_but_the_known():
    made = print_schemas((), [schema(Members((("a", STRING),), (("^b", INTEGER),), NOTHING), tree.UniqueItems())])
    assert globals_of(made) == ({"next", "type"}, set())


def _many(number: int) -> Schema:
    properties = tuple((f"p{i}", schema(Types(("integer",)), tree.Bound("maximum", "<=", tree.Decimal(i)))) for i in range(number))
    return schema(tree.Required(tuple(name for name, _ in properties)), Members(properties, (), NOTHING))


def test_six_thousand_properties():
    made = LuaSchemas((), [_many(6000)])
    text = {f"p{i}": i for i in range(6000)}
    assert made.failures(0, json.dumps(text)) == ()
    assert made.failures(0, json.dumps({**text, "p5999": 6000, "q": 1})) == (("/p5999", "maximum"), ("", "additionalProperties"))


def test_alternatives_of_thousands():
    numbers = tuple(schema(tree.Enum("const", (str(i),))) for i in range(3000))
    made = LuaSchemas((), [schema(tree.OneOf(numbers)), schema(tree.AnyOf(numbers))])
    for root, keyword in ((0, "oneOf"), (1, "anyOf")):
        assert made.failures(root, "2999") == ()
        assert made.failures(root, "3000") == (("", keyword),)


def test_thousands_of_items_and_names():
    made = LuaSchemas(
        (),
        [
            schema(Items(tuple(INTEGER for _ in range(6000)), NOTHING)),
            schema(Members(tuple((f"p{i}", ANYTHING) for i in range(20_000))), tree.UnevaluatedProperties(NOTHING)),
            schema(tree.DependentRequired("a", tuple(f"p{i}" for i in range(3000)))),
        ],
    )
    assert made.failures(0, f'[{",".join(["1"] * 5999)},""]') == (("/5999", "type"),)
    assert made.failures(1, '{"p19999":1,"q":2}') == (("", "unevaluatedProperties"),)
    assert made.failures(2, '{"a":1}') == (("", "dependentRequired"),)


def test_a_large_enumeration():
    made = LuaSchemas((), [schema(tree.Enum("enum", tuple(canonical(f"v{i}") for i in range(100_000))))])
    assert made.failures(0, '"v99999"') == ()
    assert made.failures(0, '"v100000"') == (("", "enum"),)


def test_thousands_of_schemas():
    """More than one function of LuaJIT can hold."""
    calls = tuple(
        schema(Members(((f"n{i}", schema(Call((i + 1) % 9_000))),)), tree.Enum("enum", tuple(map(str, range(i, i + 5)))))
        for i in range(9_000)
    )
    made = LuaSchemas(calls, [schema(Call(0))])
    assert made.failures(0, "3") == ()
    assert made.failures(0, '{"n0":4}') == (("", "enum"),)


def test_schemas_deep_inside_one_another():
    deep = STRING
    for _ in range(200):
        deep = schema(Types(("array",)), Items((deep,), None))
    made = LuaSchemas((), [deep])
    for depth in (40, 64):
        assert made.failures(0, "[" * depth + "1" + "]" * depth) == (("/0" * depth, "type"),)


@pytest.mark.parametrize("judge", ["nil", "1", "'true'", "{}"])
def test_an_unclear_answer_raises(judge):
    lua = new_runtime()
    ask = lua.eval(f"function(S) return S.judge(function() return {judge} end, 1, {{}}, 'body', '') end")
    with pytest.raises(LuaError):
        ask(module(lua, "schema"))


def test_a_schema_that_changes_its_mind_raises():
    lua = new_runtime()
    ask = lua.eval("function(S) return S.judge(function(v, c) return c ~= nil end, 1, {}, 'body', '') end")
    with pytest.raises(LuaError):
        ask(module(lua, "schema"))


@pytest.mark.parametrize("missing", ["kind", "stop", "matches", "unique", "length"])
def test_a_missing_function_raises(missing):
    lua = new_runtime()
    module(lua, "schema")[missing] = None
    broken = schema(Types(("string",)), tree.Matches("pattern", "^a"), tree.Count("maxLength", 2), tree.UniqueItems())
    made = LuaSchemas((), [broken], lua)
    with pytest.raises(LuaError):
        made.failures(0, '"bbbbb"' if missing != "unique" else "[1,1]")


def test_a_missing_schema_raises():
    made = LuaSchemas((STRING,), [schema(Members((("a", schema(Call(0))),)))])
    lua, text = new_runtime(), made.text.replace("F[1] =", "F[9] =")
    ask = lua.eval("function(S, V) return S.judge(V[1], {[0] = 1, a = 1}, {}, 'body', '') end")
    runtime = module(lua, "schema")
    with pytest.raises(LuaError):
        ask(runtime, lua.execute(text)(runtime))


def test_recursive_schemas():
    table = (
        schema(Call(1)),
        schema(Items((), schema(Call(2)))),
        schema(Members((("a", schema(Call(1))),))),
        schema(tree.Not(schema(Call(3)))),
        ANYTHING,
    )
    assert recursive(table) == {1, 2, 3}


def test_equal_roots_are_printed_once():
    roots = [schema(Items((), STRING)) for _ in range(3)]
    assert print_schemas((), roots).count("function(v, c, p)") == 1
