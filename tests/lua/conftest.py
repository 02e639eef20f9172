"""LuaJIT for the tests of the core."""

from __future__ import annotations

import pytest
from lupa.luajit21 import LuaRuntime

from tests.lua.lua_core import new_runtime


@pytest.fixture(scope="module")
def lua() -> LuaRuntime:
    return new_runtime()
