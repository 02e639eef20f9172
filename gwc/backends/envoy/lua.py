"""The Lua filters: one source each, the shared core and generated tables in it; a route only names its entry in a table.

The one place where text becomes Lua, but for schemas (`gwc.jsonschema.lua_literal`). Envoy has no files beside the
configuration that it finds from any folder, so the core is put inline, module by module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gwc.backends.envoy.document import HTTP_FILTER, Json, extension, typed
from gwc.resources import runtime_text

_CONSTANTS = 16_000
"""LuaJIT takes 65,536 constants in one function: a larger table is made of several, each by a function of its own."""
_MERGED = """local function merged(...)
  local all = {}
  for i = 1, select("#", ...) do
    for key, value in next, (select(i, ...))() do all[key] = value end
  end
  return all
end
local function joined(...)
  local all = {}
  for i = 1, select("#", ...) do
    for _, value in ipairs((select(i, ...))()) do all[#all + 1] = value end
  end
  return all
end"""
_DOUBTFUL = re.compile(rb"[^A-Za-z0-9 ._+*/=:,;()<>@!?&#$~^|{}'-]")
"""Bytes that do not stand for themselves between double quotes: brackets, quotes, backslashes, line breaks, percent signs, all beyond ASCII."""


def lua_filter(name: str, handler: str, modules: Sequence[str], data: Json, made: Mapping[str, str]) -> Json:
    """A filter, off unless a route configures it, that runs `handler` of `gwc.host_envoy` with `data` on every request.

    `modules`: of the runtime; `made`: modules that were made for this gateway, by name.
    """
    parts = [
        *(_preload(module, runtime_text(f"lua/gwc/{module}.lua")) for module in (*modules, "host_envoy")),
        *(_preload(module, content) for module, content in made.items()),
        _MERGED,
        f"local DATA = {table(data)}",
        f'envoy_on_request, envoy_on_response = require("gwc.host_envoy").{handler}(DATA)',
    ]
    message = HTTP_FILTER + "lua.v3.Lua"
    source = {"inline_string": "\n".join(parts) + "\n"}
    return {**extension(name, message, default_source_code=source, clear_route_cache=False), "disabled": True}


def per_route(**context: str) -> Json:
    """The configuration of a route, read by the filter; an entry that its tables don't have denies."""
    return typed(HTTP_FILTER + "lua.v3.LuaPerRoute", filter_context=context)


def table(value: Any) -> str:
    """A Lua expression for JSON data without null. Members in their order."""
    return _written(value)[0]


def _written(value: Any) -> tuple[str, int]:
    """The expression, and at most how many constants of its function it needs."""
    if isinstance(value, dict):
        return _container(
            "merged", [(f"[{text(key)}] = {written}", 1 + n) for key, member in value.items() for written, n in [_written(member)]]
        )
    if isinstance(value, (list, tuple)):
        return _container("joined", [_written(item) for item in value])
    if isinstance(value, bool):
        return ("true" if value else "false"), 1
    if isinstance(value, int):
        return str(value), 1
    if isinstance(value, str):
        return text(value), 1
    raise TypeError(f"no Lua for {type(value).__name__}")


def _container(joiner: str, members: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """A table constructor, or several in functions of their own. `members`: expressions with the constants that each needs."""
    parts = [f"{{{', '.join(part)}}}" for part in _parts(members)]
    if len(parts) == 1:
        return parts[0], sum(needed for _, needed in members)
    return f"{joiner}(" + ", ".join(f"function() return {part} end" for part in parts) + ")", 1


def _parts(members: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    part: list[str] = []
    room = _CONSTANTS
    for expression, needed in members:
        if part and needed > room:
            yield part
            part, room = [], _CONSTANTS
        part.append(expression)
        room -= needed
    yield part


def text(value: str) -> str:
    """A Lua string literal with exactly these characters in UTF-8: whatever could end it is written as a decimal escape."""
    return '"' + _DOUBTFUL.sub(lambda m: b"\\%03d" % m[0][0], value.encode()).decode("ascii") + '"'


def _preload(module: str, content: str) -> str:
    return f'package.preload["gwc.{module}"] = function(...)\n{content}\nend'
