"""The one place where values of a policy become Lua: constructors of tables, with every doubtful byte as a decimal escape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gwc.jsonschema.lua_literal import quote

__all__ = ["LuaValue", "quote", "render", "render_key"]

LuaValue = Any
"""str, bool, int, a sequence (Lua list) or a mapping (Lua table) of such values."""

_NAME = re.compile(r"[a-z][a-z_]*\Z")
_RESERVED = frozenset(
    [
        "and",
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "false",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "nil",
        "not",
        "or",
        "repeat",
        "return",
        "then",
        "true",
        "until",
        "while",
    ]
)


def render(value: LuaValue) -> str:
    """A Lua expression for the value, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return _table(f"{render_key(k)} = {render(v)}" for k, v in value.items())
    if isinstance(value, Sequence):
        return _table(render(v) for v in value)
    raise TypeError(f"no Lua for {type(value).__name__}")


def render_key(key: str | int) -> str:
    """What stands before `=` in a constructor."""
    if isinstance(key, str) and _NAME.match(key) and key not in _RESERVED:
        return key
    return f"[{render(key)}]"


def _table(parts: Any) -> str:
    inner = ", ".join(parts)
    return f"{{ {inner} }}" if inner else "{}"
