--- Envoy's Lua filters as hosts of the core (Envoy 1.40).
--
-- An uncaught error would let the request continue: everything runs under pcall, and what was let through gets a stamp that a
-- filter behind demands. A refusal has a private status for its reason; Envoy's mappers make the answer of it.
local M = {}

local STAMP, CONSUMERS, CALLER = "gwc.stamp", "gwc.consumers", "gwc.caller"

--- Every value of a header, in their order.
local function values(headers, name)
  local list = {}
  for i = 0, headers:getNumValues(name) - 1 do list[#list + 1] = headers:getAtIndex(name, i) end
  return list
end

local function refuse(h, data, refusal)
  local answer = { [":status"] = tostring(assert(data.statuses[refusal.reason], "a reason that is not in the table")) }
  for name, value in pairs(refusal.headers or {}) do answer[string.lower(name)] = value end
  h:respond(answer, "")
end

local function stamp(h, name)
  h:streamInfo():dynamicMetadata():set(STAMP, name, true)
end

--- The entry of `entries` that the route names; an error when there is none.
local function entry(h, key, entries)
  return assert(entries[assert(h:filterContext():get(key), "the route does not say")], "the route says something unknown")
end

--- Runs `decide(h)`, which returns nothing or a refusal; an error is a refusal, too.
local function guarded(data, decide)
  return function(h)
    local ok, refusal = pcall(decide, h)
    if not ok then
      h:logErr("gwc: " .. tostring(refusal))
      refusal = { reason = "internal.error" }
    end
    if refusal then refuse(h, data, refusal) end
  end
end

--- A verifier that leaves the signature to `jwt_authn`, which comes after this, but for its length: that of ES256 (RFC 7518 3.4)
-- BoringSSL does not count, and takes one with bytes behind it.
local function later(key)
  local bytes = key.algorithm == "ES256" and 64 or nil
  return function(signature) return bytes == nil or #signature == bytes end
end

--- API keys, and tokens as far as they can be judged without cryptography.
function M.credentials(data)
  local api_key, jwt, security = require "gwc.api_key", require "gwc.jwt", require "gwc.security"
  assert(api_key.check, "the core is not complete")
  local core = { data = data, jwts = {}, host = { now = os.time, sha256_hex = require "gwc.sha256" } }
  for scheme, control in pairs(data.jwts) do
    core.jwts[scheme] = jwt.prepare(control, later)
  end

  local function remember(h, verified)
    local known = h:streamInfo():dynamicMetadata()
    for scheme in pairs(verified.schemes) do
      if data.api_keys[scheme] then known:set(CONSUMERS, scheme, verified.consumer) end
    end
    if verified.consumer then
      known:set(CALLER, "consumer", verified.consumer)
      h:headers():replace("x-gwc-consumer", verified.consumer)
    end
  end

  return guarded(data, function(h)
    local headers = h:headers()
    local asked = entry(h, "security", data.securities)
    local refusal, verified = security.check(core, asked, { header = function(name) return values(headers, name) end })
    if refusal and refusal.reason ~= "authz.scope" then return refusal end
    remember(h, verified)
    if not refusal then stamp(h, "credentials") end -- without the stamp the authorisation refuses: after the signature
    return nil
  end)
end

--- Size, type and coding of the body. A body that is too long ends in the buffer filter before this one.
function M.body(data)
  local body = require "gwc.body"
  local nothing = { length = function() return 0 end } -- most requests: no header needs to be looked up

  local function arrived(h, bytes)
    local headers = h:headers()
    return {
      content_type = values(headers, "content-type"),
      content_encoding = values(headers, "content-encoding"),
      length = function() return bytes end,
    }
  end

  return guarded(data, function(h)
    local rule = entry(h, "rule", data.rules)
    local buffer = h:body() -- waits for the end of the request; nil without a body. Never body(true): it adds a coding
    local bytes = buffer and buffer:length() or 0
    local refusal = body.check(rule, bytes == 0 and nothing or arrived(h, bytes))
    if refusal == nil then stamp(h, "body") end
    return refusal
  end)
end

return M
