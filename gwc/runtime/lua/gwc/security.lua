--- Who may call an operation (gwc/controls/security.py): one of several alternatives, each a set of schemes.
local api_key = require "gwc.api_key"
local jwt = require "gwc.jwt"

local M = {}

local function refusal(reason, challenge)
  return { reason = reason, headers = { ["WWW-Authenticate"] = challenge } }
end

--- Adds the schemes of the token to `verified`, or returns the refusal. With several issuers the token must be good for one.
local function check_token(core, schemes, r, verified)
  local values = r.header("authorization")
  if values[1] == nil or schemes[1] == nil then return nil end
  local token, first, found = jwt.read(values), nil, false
  for _, scheme in ipairs(token and schemes or {}) do
    local control = core.jwts[scheme]
    local fault = jwt.fault(control, token, core.host.now())
    first = first or fault
    if fault == nil then
      verified.schemes[scheme], verified.subject, found = jwt.scopes(control, token), token.claims.sub, true
    end
  end
  if found then return nil end
  return refusal(first or "authn.malformed", 'Bearer realm="' .. core.data.realm .. '", error="invalid_token"')
end

local function check_key(core, scheme, r, verified)
  local control = core.data.api_keys[scheme]
  local values = r.header(control.header)
  if values[1] == nil then return nil end
  local consumer, reason = api_key.check(values, control.keys, core.host.now(), core.host.sha256_hex)
  if consumer == nil then return refusal(reason, 'ApiKey realm="' .. core.data.realm .. '"') end
  verified.schemes[scheme], verified.consumer = {}, consumer
  return nil
end

--- "granted", "scopes" (all credentials, but not all scopes) or nil.
local function judge(alternative, verified)
  local result = "granted"
  for _, requirement in ipairs(alternative) do
    local scopes = verified.schemes[requirement.scheme]
    if scopes == nil then return nil end
    for _, scope in ipairs(requirement.scopes) do
      if not scopes[scope] then result = "scopes" end
    end
  end
  return result
end

local function missing(core, security)
  local kind = security.jwts[1] and "Bearer" or "ApiKey"
  return refusal("authn.missing", kind .. ' realm="' .. core.data.realm .. '"')
end

--- nil or the refusal {reason=, headers=}, and who was verified: {schemes=, subject=, consumer=}.
--
-- security: {alternatives=, jwts= schemes of tokens, keys= schemes of API keys}. core: {data=, host=, jwts=}.
function M.check(core, security, r)
  local verified = { schemes = {} }
  local refused = check_token(core, security.jwts, r, verified)
  for _, scheme in ipairs(security.keys) do
    refused = refused or check_key(core, scheme, r, verified)
  end
  if refused or #security.alternatives == 0 then return refused, verified end
  local result
  for _, alternative in ipairs(security.alternatives) do
    local found = judge(alternative, verified)
    if found == "granted" then return nil, verified end
    result = result or found
  end
  if result == nil then return missing(core, security), verified end
  return refusal("authz.scope", 'Bearer realm="' .. core.data.realm .. '", error="insufficient_scope"'), verified
end

return M
