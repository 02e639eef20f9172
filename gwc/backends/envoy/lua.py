"""The Lua filters: one source each, the shared core and generated tables in it; a route only names its entry in a table.

The one place where text becomes Lua. Envoy has no files beside the configuration that it finds from any folder, so the core is
put inline, module by module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwc.backends.envoy.document import HTTP_FILTER, Json, extension, typed
from gwc.resources import runtime_text

_MEMBERS = 8000
"""LuaJIT takes 65,536 constants in one function: a larger table is made of several, each by a function of its own."""
_MERGED = """local function merged(...)
  local all = {}
  for i = 1, select("#", ...) do
    for key, value in next, (select(i, ...))() do all[key] = value end
  end
  return all
end"""
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-+*/=:,;()<>@!?&#$~^|{}'")
"""Bytes that stand for themselves between double quotes. No bracket, quote, backslash, line break or percent sign."""


def lua_filter(name: str, handler: str, modules: Sequence[str], data: Json) -> Json:
    """A filter, off unless a route configures it, that runs `handler` of `gwc.host_envoy` with `data` on every request."""
    parts = [
        *(_preload(module) for module in (*modules, "host_envoy")),
        _MERGED,
        f"local DATA = {table(data)}",
        f'local handle = require("gwc.host_envoy").{handler}(DATA)',
        "function envoy_on_request(h) handle(h) end",
    ]
    message = HTTP_FILTER + "lua.v3.Lua"
    made = extension(name, message, default_source_code={"inline_string": "\n".join(parts) + "\n"}, clear_route_cache=False)
    return {**made, "disabled": True}


def per_route(**context: str) -> Json:
    """The configuration of a route, read by the filter; an entry that its tables don't have denies."""
    return typed(HTTP_FILTER + "lua.v3.LuaPerRoute", filter_context=context)


def table(value: Any) -> str:
    """A Lua expression for JSON data without null. Members in their order."""
    if isinstance(value, dict):
        members = [f"[{text(key)}] = {table(member)}" for key, member in value.items()]
        return "{" + ", ".join(members) + "}" if len(members) <= _MEMBERS else _in_parts(members)
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(table(item) for item in value) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return text(value)
    raise TypeError(f"no Lua for {type(value).__name__}")


def _in_parts(members: Sequence[str]) -> str:
    parts = (members[i : i + _MEMBERS] for i in range(0, len(members), _MEMBERS))
    return "merged(" + ", ".join(f"function() return {{{', '.join(part)}}} end" for part in parts) + ")"


def text(value: str) -> str:
    """A Lua string literal with exactly these characters in UTF-8: whatever could end it is written as a decimal escape."""
    return '"' + "".join(chr(b) if b in _SAFE else f"\\{b:03d}" for b in value.encode()) + '"'


def _preload(module: str) -> str:
    return f'package.preload["gwc.{module}"] = function(...)\n{runtime_text(f"lua/gwc/{module}.lua")}\nend'
