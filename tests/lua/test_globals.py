"""The runtime uses no global by mistake: they are shared by all requests of a worker, and a misspelt one is nil."""

from __future__ import annotations

import pytest

from tests.lua.lua_core import RUNTIME, new_runtime, to_python

# What LuaJIT has, and what the hosts give. In Envoy every filter has its own `envoy_on_request` and `envoy_on_response`.
KNOWN = {
    "assert",
    "error",
    "getmetatable",
    "io",
    "ipairs",
    "jit",
    "math",
    "next",
    "pairs",
    "pcall",
    "rawget",
    "rawset",
    "require",
    "select",
}
KNOWN |= {"setmetatable", "string", "table", "tonumber", "tostring", "type", "unpack", "xpcall", "os"}
HOSTS = {"ngx", "kong"}
# Modules that only hosts which are NGINX inside load.
OF_NGINX = {
    "answers",
    "host_certificates",
    "hsts",
    "host_kong",
    "host_openresty",
    "nginx_host",
    "nginx_request",
    "forwarding",
    "https_get",
    "metrics",
    "redis",
}

_USED = """
local util, bit = require "jit.util", require "bit"

local function opcodes(chunk)
  local out = {}
  for pc = 1, util.funcinfo(chunk).bytecodes - 1 do out[pc] = bit.band(util.funcbc(chunk, pc), 0xff) end
  return out
end

local sample = opcodes(loadstring("x = y"))
local GET, SET = sample[1], sample[2]

local function collect(chunk, read, written)
  local info = util.funcinfo(chunk)
  for pc = 1, info.bytecodes - 1 do
    local instruction = util.funcbc(chunk, pc)
    local opcode = bit.band(instruction, 0xff)
    if opcode == GET or opcode == SET then
      local name = util.funck(chunk, -bit.rshift(instruction, 16) - 1)
      local found = opcode == GET and read or written
      found[name] = true
    end
  end
  for index = -1, -info.gcconsts, -1 do
    local constant = util.funck(chunk, index)
    if type(constant) == "proto" then collect(constant, read, written) end
  end
end

return function(source)
  local read, written = {}, {}
  collect(assert(loadstring(source)), read, written)
  return read, written
end
"""
LUA = new_runtime()
FIND = LUA.execute(_USED)
FILES = sorted(RUNTIME.rglob("*.lua"))


def globals_of(source: str) -> tuple[set[str], set[str]]:
    read, written = FIND(source)
    return set(to_python(read)), set(to_python(written))


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(RUNTIME)))
def test_only_known_globals(file):
    read, written = globals_of(file.read_bytes().decode("latin-1"))
    hosts = HOSTS if file.stem in OF_NGINX else set()
    assert not read - KNOWN - hosts
    assert not {name for name in written if not name.startswith("envoy_on_")}


def test_the_search_finds_globals():
    source = "local a = 1; function b() return function() c = d end end; return e.f, a"
    assert globals_of(source) == ({"d", "e"}, {"b", "c"})
