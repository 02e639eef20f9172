"""The printed Lua tells the failures that the vectors have, with the JIT and without."""

from __future__ import annotations

import pytest

from tests.lua.lua_core import new_runtime
from tests.lua.lua_schema import LuaSchemas
from tests.support.schema_vectors import schema_vectors


@pytest.mark.parametrize("jit", ["on", "off"])
def test_vectors(jit, tmp_path):
    lua, wrong = new_runtime(), []
    lua.execute(f"jit.{jit}()")
    for vector in schema_vectors(tmp_path):
        schemas = LuaSchemas(vector.built.table, [vector.built.schema], lua)
        for text, failures in vector.values:
            told = schemas.failures(0, text)
            if told != failures:
                wrong.append(f"{vector.about}: {text[:200]}: {told}, not {failures}")
    assert not wrong, "\n".join(wrong)
