--- What the core asks of Envoy (1.40) about keys, time and files, for its Lua filters. A request `r` has `handle`, that of the filter.
local base64url = require "gwc.base64url"
local curve = require "gwc.curve"
local ffi = require "ffi"
local key_source = require "gwc.key_source"
local spki = require "gwc.spki"

local M = {}

local sub = string.sub

local SIGNED = "envoy.filters.http.jwt_authn"
local PARALLEL_FETCHES = 8

--- The wall clock in seconds, with fractions.
local function clock()
  ffi.cdef "typedef struct { long s, us; } gwc_time; int gettimeofday(gwc_time *, void *);"
  local now = ffi.new "gwc_time"
  return function()
    ffi.C.gettimeofday(now, nil)
    return tonumber(now.s) + tonumber(now.us) / 1e6
  end
end

--- Whether this is the key of the request: Envoy keeps the first one that a request imports, and takes it for every other.
local function import(r, public)
  if r.imported == nil then
    r.handle:importPublicKey(public, #public)
    r.imported = public
  end
  return r.imported == public
end

--- RS* and ES*: judged here. Envoy raises for a key that is none.
local function verifying(key)
  local public, hash, is_ecdsa = spki.public_key(key), "sha" .. sub(key.algorithm, 3), sub(key.algorithm, 1, 2) == "ES"
  return function(signature, message, r)
    if is_ecdsa then signature = spki.der_signature(signature, key.algorithm) end
    if signature == nil or not import(r, public) then return false end
    local ok, good = pcall(r.handle.verifySignature, r.handle, hash, public, signature, #signature, message, #message)
    return ok and good == true
  end
end

--- PS*, EdDSA and HS*: `jwt_authn` in front has judged the signature, and left the token's header when it is one of the scheme's keys.
local function judged(key, scheme)
  local mark = "signed." .. scheme
  return function(_, _, r)
    local found = (r.handle:streamInfo():dynamicMetadata():get(SIGNED) or {})[mark]
    return found ~= nil and found.kid == key.kid and found.alg == key.algorithm
  end
end

local LUA_VERIFIES = { RS = true, ES = true }

--- nil for a point that is none: Envoy would say so only to a request that is to be verified with it.
local function verifier(key, scheme)
  if key.y and not curve.has(key.crv, base64url.decode(key.x), base64url.decode(key.y)) then return nil end
  if LUA_VERIFIES[sub(key.algorithm, 1, 2)] then return verifying(key), false end
  return judged(key, scheme), true
end

--- The answer of an identity provider: only one with 200 is one of its own, and Envoy bounds its size. The request waits, others go on.
local function fetch(source, r)
  local asked = { [":method"] = "GET", [":path"] = source.path, [":authority"] = source.authority, accept = "application/json" }
  local headers, text = r.handle:httpCall(source.cluster, asked, nil, { timeout_ms = key_source.FETCH_TIMEOUT_S * 1000, send_xff = false })
  r.headers, r.has_waited = nil, true -- the headers from before are dead
  return headers[":status"] == "200" and text or nil
end

--- The host of the core. What is remembered of a token is found by its text, in the memory of this worker only: a digest would cost
-- more than all the rest.
function M.host()
  return {
    now = clock(),
    sha256_hex = require "gwc.sha256",
    cache_key = function(text) return text end,
    verifier = verifier,
    read_file = key_source.read_file,
    warn = function(text) io.stderr:write(text, "\n") end, -- while Envoy starts: no request, and so no log of Envoy's, is there yet
    fetch = fetch,
    parallel_fetches = PARALLEL_FETCHES,
  }
end

return M
