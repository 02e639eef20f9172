"""The Lua runtime in LuaJIT inside of this process: modules of the core by name, and the whole core on the data of a gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa.luajit21 import LuaRuntime, lua_type

import gwc
from gwc.backends.base import emit_all
from gwc.backends.kong import EMITTERS, NAME, data_text
from gwc.controls.jwt import EcKey, RsaKey
from gwc.ir import Gateway
from gwc.semantics import Request
from gwc.semantics.signature import is_signed

RUNTIME = Path(gwc.__file__).parent / "runtime" / "lua"


def new_runtime() -> LuaRuntime:
    """LuaJIT with the runtime's folder in its path. Strings are bytes, seen as latin-1."""
    lua = LuaRuntime(encoding="latin-1", unpack_returned_tuples=True)
    lua.execute(f'package.path = "{RUNTIME}/?.lua"')
    # Nothing may become global by mistake: a missing `local` would share state between requests.
    lua.execute("setmetatable(_G, {__newindex = function(_, name) error('global ' .. name) end})")
    return lua


def module(lua: LuaRuntime, name: str) -> Any:
    """A module of the core."""
    loaded = lua.eval(f'require "gwc.{name}"')
    return loaded[0] if isinstance(loaded, tuple) else loaded


def to_lua(lua: LuaRuntime, value: Any) -> Any:
    """Lists and mappings as Lua tables."""
    if isinstance(value, dict):
        return lua.table_from({k: to_lua(lua, v) for k, v in value.items()})
    if isinstance(value, list | tuple):
        return lua.table_from([to_lua(lua, v) for v in value])
    return value


def to_python(value: Any) -> Any:
    """Lua tables as dicts, those with a first element as lists."""
    if lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if keys and keys == list(range(1, len(keys) + 1)):
        return [to_python(value[k]) for k in keys]
    return {k: to_python(value[k]) for k in keys}


DICTIONARY = """
function(capacity)
  local entries, order, count = {}, {}, 0
  local shared = { entries = entries, calls = {} }
  function shared:get(key) return entries[key] end
  function shared:add(key, value)
    if entries[key] ~= nil then return false, "exists", false end
    entries[key] = value
    return true, nil, false
  end
  function shared:delete(key) entries[key] = nil end
  local function remember(key)
    count = count + 1
    order[#order + 1] = key
  end
  function shared:set(key, value) -- evicts the oldest when it is full
    if entries[key] == nil then
      if count >= capacity then
        entries[table.remove(order, 1)] = nil
        count = count - 1
      end
      remember(key)
    end
    entries[key] = value
    return true, nil, false
  end
  function shared:safe_set(key, value)
    if entries[key] == nil then
      if count >= capacity then return false, "no memory" end
      remember(key)
    end
    entries[key] = value
    return true
  end
  return shared
end
"""


@dataclass
class Core:
    """`gwc.decide` on the data of a gateway, with a clock that the test moves."""

    gateway: Gateway
    clock: list[float] = field(default_factory=lambda: [1.8e9])
    capacity: int = 10_000

    def __post_init__(self) -> None:
        self.lua = new_runtime()
        text, _ = data_text(self.gateway, emit_all(NAME, EMITTERS, self.gateway))
        self.data = self.lua.execute(text)
        dictionary = self.lua.eval(DICTIONARY)(self.capacity)
        self.dictionary = dictionary
        host = {
            "now": lambda: self.clock[0],
            "sleep": lambda _: None,
            "sha256_hex": module(self.lua, "sha256"),
            "dictionary": dictionary,
            "verifier": _verifier,
        }
        self.core = module(self.lua, "decide").new(self.data, self.lua.table_from(host))

    def decide(self, request: Request, sni: str | None, client: str) -> dict[str, Any]:
        """The verdict on a parsed request."""
        return to_python(self.core.decide(request_table(self.lua, request, sni, client), self.lua.table()))


def request_table(lua: LuaRuntime, request: Request, sni: str | None, client: str) -> Any:
    """What a host adapter hands to the core."""
    names = list(dict.fromkeys(k for k, _ in request.headers))
    headers = {n: (v[0] if len(v) == 1 else list(v)) for n in names for v in [request.values(n)]}
    hosts = request.values("host")
    major, minor = request.version
    return lua.table_from(
        {
            "method": request.method,
            "version": major + minor / 10,
            "target": request.target,
            "host": hosts[0].partition(":")[0].lower() if hosts else None,
            "sni": sni,
            "client": client,
            "headers": to_lua(lua, headers),
            "header": lambda name: to_lua(lua, list(request.values(name))),
            "body_bytes": lambda: len(request.body),
        }
    )


def _verifier(key: Any) -> Callable[[str, str], bool]:
    known = EcKey(kid=key.kid, x=key.x, y=key.y) if key.algorithm == "ES256" else RsaKey(kid=key.kid, n=key.n, e=key.e)
    return lambda signature, message: is_signed(known, message.encode("latin-1"), signature.encode("latin-1"))
