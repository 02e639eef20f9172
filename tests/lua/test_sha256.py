"""SHA-256 against Python's, at every length around the borders of its blocks."""

from __future__ import annotations

import hashlib
import random

import pytest

from tests.lua.lua_core import module


@pytest.mark.parametrize("length", [*range(140), 1000, 65_537])
def test_equals_hashlib(lua, length):
    data = random.Random(length).randbytes(length)
    assert module(lua, "sha256")(data.decode("latin-1")) == hashlib.sha256(data).hexdigest()
