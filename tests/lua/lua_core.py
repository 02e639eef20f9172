"""The Lua runtime in LuaJIT inside of this process: modules of the core by name, and the whole core on the data of a gateway."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lupa.luajit21 import LuaRuntime, lua_type

import gwc
from gwc.backends.base import emit_all
from gwc.backends.kong import EMITTERS, NAME, data_text
from gwc.controls.jwk import EcKey, OkpKey, RsaKey
from gwc.ir import Gateway
from gwc.semantics import Certificate, HmacKey, Request
from gwc.semantics.key_set import VerificationKey
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
    local is_full = entries[key] == nil and count >= capacity
    if is_full then
      entries[table.remove(order, 1)] = nil
      count = count - 1
    end
    if entries[key] == nil then remember(key) end
    entries[key] = value
    return true, nil, is_full
  end
  function shared:incr(key, by, start)
    entries[key] = (entries[key] or start) + by
    return entries[key]
  end
  function shared:get_keys()
    local keys = {}
    for key in pairs(entries) do keys[#keys + 1] = key end
    return keys
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
    """`gwc.decide` on the data of a gateway, with a clock that the test moves.

    `files`, `served`: texts by path, and by host of a key set. `shared`: stands for what gwc.redis makes; `noted`: events of limits.
    """

    gateway: Gateway
    clock: list[float] = field(default_factory=lambda: [1.8e9])
    capacity: int = 10_000
    files: dict[str, str] = field(default_factory=dict)
    served: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    noted: list[tuple[Any, ...]] = field(default_factory=list)
    dictionaries: dict[str, Any] = field(default_factory=dict)
    shared: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        self.lua = new_runtime()
        text, _ = data_text(self.gateway, emit_all(NAME, EMITTERS, self.gateway))
        self.data = self.lua.execute(text)
        self.locks = self.lua.eval(DICTIONARY)(10_000)
        host = {
            "now": lambda: self.clock[0],
            "sleep": lambda _: None,
            "pause": lambda _: None,
            "parallel_fetches": 1,
            "sha256_hex": sha256_hex,
            "cache_key": sha256_hex,
            "locks": self.locks,
            "buckets": self.buckets,
            "shared": self.shared,
            "note": lambda *event: self.noted.append(event),
            "verifier": self._verifier,
            "read_file": self.files.get,
            "fetch": self._fetch,
            "warn": self.warnings.append,
        }
        self.core = module(self.lua, "decide").new(self.data, self.lua.table_from(host))

    def decide(self, request: Request, sni: str | None, client: str, certificate: Certificate | None = None) -> dict[str, Any]:
        """The verdict on a parsed request."""
        table = request_table(self.lua, request, sni, client, certificate)
        return to_python(self.core.decide(table, self.lua.table()))

    def buckets(self, name: str) -> Any:
        """The dictionary of this name, each with room for `capacity` entries."""
        if name not in self.dictionaries:
            self.dictionaries[name] = self.lua.eval(DICTIONARY)(self.capacity)
        return self.dictionaries[name]

    def _fetch(self, source: Any, _: Any) -> str | None:
        self.asked.append(source.host)
        return self.served.get(source.host)

    def _verifier(self, key: Any, _: str) -> Callable[..., bool]:
        known = key_of(key)

        def verify(signature: str, message: str, _: Any) -> bool:
            self.verified.append(known.kid)
            return is_signed(known, message.encode("latin-1"), signature.encode("latin-1"))

        return verify


def sha256_hex(text: str) -> str:
    """As the hosts give it to the core."""
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def key_of(key: Any) -> VerificationKey:
    """The key of the core as the model knows it."""
    if key.secret:
        return HmacKey(kid=key.kid, algorithm=key.algorithm, secret=key.secret.encode("latin-1"))
    if key.n:
        return RsaKey(kid=key.kid, algorithm=key.algorithm, n=key.n, e=key.e)
    if key.y:
        return EcKey(kid=key.kid, algorithm=key.algorithm, crv=key.crv, x=key.x, y=key.y)
    return OkpKey(kid=key.kid, algorithm=key.algorithm, crv=key.crv, x=key.x)


def request_table(lua: LuaRuntime, request: Request, sni: str | None, client: str, certificate: Certificate | None = None) -> Any:
    """What a host adapter hands to the core."""
    names_of_certificate = certificate and {"uris": certificate.uris, "dns_names": certificate.dns_names}
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
            "certificate": lambda: to_lua(lua, names_of_certificate),
            "body_bytes": lambda: len(request.body),
        }
    )
