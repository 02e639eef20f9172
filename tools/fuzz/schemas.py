"""Target for the builder of check trees and both printers: odd schemas, of which those that compile must judge the same in Lua and in the model."""

from __future__ import annotations

import functools
import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from lupa.luajit21 import LuaRuntime

from gwc.jsonschema.js import Printer
from gwc.semantics.json_schema import failures
from tests.jsonschema.given import build
from tests.lua.lua_core import new_runtime
from tests.lua.lua_schema import LuaSchemas
from tests.support.random_schemas import Maker, near, value
from tests.support.schema_suite import Draft, groups
from tools.fuzz.mutations import changed, shuffled
from tools.fuzz.target import Target

_INSTANCES = 8


@functools.cache
def _seeds(draft: Draft) -> tuple[Any, ...]:
    """Schemas of the suite."""
    files = (g.files[0][1] for g in groups(draft) if len(g.files) == 1)
    return tuple(json.loads(text) for text in files)


@functools.cache
def _lua() -> LuaRuntime:
    return new_runtime()


def make(random: Random) -> bytes:
    """Version, strictness, a changed schema and instances."""
    is_31 = random.random() < 0.7
    own = random.random() < 0.5
    original = Maker(random, is_31).document() if own else random.choice(_seeds("draft2020-12" if is_31 else "draft4"))
    schema = random.choice((shuffled, shuffled, shuffled, changed))(original, random)
    instances = [near(original, original, random, 3) if own else value(random, 3) for _ in range(_INSTANCES)]
    options = {"version": "3.1" if is_31 else "3.0", "closed": random.random() < 0.4, "formats": random.random() < 0.3}
    return json.dumps({"schema": schema, "instances": instances, **options}).encode()


def run(data: bytes, folder: Path) -> str:
    """Builds, prints and runs."""
    given = json.loads(data)
    try:
        built, found = build(folder, given["schema"], given["version"], closed=given["closed"], formats=given["formats"])
    except AssertionError as e:  # the document does not load, which test_fuzz of documents is about
        if "does not load" in str(e):
            return "refused by the loader"
        raise
    if any(d.severity == "error" for d in found):
        if any("\n" in d.message for d in found):
            raise AssertionError(f"a message of several lines: {found}")
        return "refused"
    Printer(built.table).root(built.schema)
    lua = LuaSchemas(built.table, [built.schema], _lua())
    for instance in given["instances"]:
        text = json.dumps(instance)
        expected = failures(built.schema, built.table, json.loads(text, parse_float=Decimal))
        told = lua.failures(0, text)
        if told != expected:
            raise AssertionError(f"{text}: the model says {expected}, Lua {told}")
    return "compiled"


SCHEMA = Target("schema", make, run)
