--- The rules of the policy about who may call what (gwc/controls/authorization_rule.py). All that cover an operation must hold.
local carrier = require "gwc.carrier"
local json = require "gwc.json"
local jwt = require "gwc.jwt"
local security = require "gwc.security"
local zone = require "gwc.zone"

local M = {}

local abs, gmatch, sub = math.abs, string.gmatch, string.sub

local MAX_WHOLE_NUMBER = 2 ^ 53 - 1

local function has_all(set, wanted)
  for _, one in ipairs(wanted) do
    if not set[one] then return false end
  end
  return true
end

local function has_one(set, wanted)
  for _, one in ipairs(wanted) do
    if set[one] then return true end
  end
  return wanted[1] == nil
end

--- The scopes of all tokens that were verified.
local function scopes_of(verified)
  local all = {}
  for _, scopes in next, verified.schemes do
    for scope in next, scopes do all[scope] = true end
  end
  return all
end

--- The roles of the consumer and of the token.
local function roles_of(core, verified)
  local all = {}
  local consumer = verified.consumer and core.data.consumers[verified.consumer]
  for role in next, consumer and consumer.roles or {} do all[role] = true end
  for _, scheme in ipairs(verified.tokens) do
    for role in next, jwt.texts(verified.claims, core.jwts[scheme].roles_claim) do all[role] = true end
  end
  return all
end

--- The claim by the path of the first scheme that the token was verified for; nil without a token.
function M.claim(core, verified, name)
  local scheme = verified.tokens[1]
  if scheme == nil then return nil end
  return jwt.claim(verified.claims, core.jwts[scheme].claims[name] or { name })
end

local function is_one_of(found, values)
  if type(found) == "number" then return abs(found) <= MAX_WHOLE_NUMBER and values[found] == true end
  return (type(found) == "string" or type(found) == "boolean") and values[found] == true
end

local function holds(core, condition, verified)
  local found = M.claim(core, verified, condition.name)
  if condition.kind == "oneOf" then return is_one_of(found, condition.values) end
  for i = 1, json.is_array(found) and #found or 0 do
    if is_one_of(found[i], condition.values) then return true end
  end
  return false
end

local function claims_hold(core, rule, verified)
  for _, condition in ipairs(rule.claims) do
    if not holds(core, condition, verified) then return false end
  end
  return true
end

--- The decoded parameter at a place {segment=, prefix=, suffix=} of the raw path, which is one of the operation's template.
function M.parameter(path, place)
  local at = 0
  for segment in gmatch(sub(path, 2) .. "/", "([^/]*)/") do
    at = at + 1
    if at == place.segment then return carrier.decoded(sub(segment, #place.prefix + 1, #segment - #place.suffix)) end
  end
  error("a path without the parameter of its template")
end

local SIDES = {
  claim = function(core, side, verified)
    local found = M.claim(core, verified, side.name)
    return type(found) == "string" and found or nil
  end,
  path = function(_, side, _, path, places) return M.parameter(path, assert(places[side.name], "a parameter without a place")) end,
  consumer = function(_, _, verified) return verified.consumer end,
}

local function are_equal(core, rule, verified, path, places)
  for _, pair in ipairs(rule.equal) do
    local left = SIDES[pair[1].kind](core, pair[1], verified, path, places)
    local right = SIDES[pair[2].kind](core, pair[2], verified, path, places)
    if left == nil or left ~= right then return false end
  end
  return true
end

local function is_in_zone(core, rule, address)
  for _, name in ipairs(rule.zones) do
    if zone.contains(core.zones[name], address) then return true end
  end
  return false
end

local function refused(core, rule, r, verified, path, places)
  if rule.scopes[1] and not has_all(scopes_of(verified), rule.scopes) then return security.lacks_scopes(core) end
  if rule.roles[1] and not has_one(roles_of(core, verified), rule.roles) then return { reason = "authz.role" } end
  if rule.consumers[1] and not (verified.consumer and has_one({ [verified.consumer] = true }, rule.consumers)) then
    return { reason = "authz.consumer" }
  end
  if rule.zones[1] and not is_in_zone(core, rule, zone.bytes(r.client)) then return { reason = "authz.zone" } end
  if not claims_hold(core, rule, verified) then return { reason = "authz.claim" } end
  if not are_equal(core, rule, verified, path, places) then return { reason = "authz.object" } end
  return nil
end

--- nil, or the refusal of the first rule that does not hold.
--
-- rules: list of numbers in `core.data.rules`. verified: as `security.check` returns it. path: the raw path of the request, without the
-- query. places: parameter -> {segment=, prefix=, suffix=} of the operation's template, for the rules that compare parameters.
function M.check(core, rules, r, verified, path, places)
  for _, number in ipairs(rules) do
    local refusal = refused(core, assert(core.rules[number], "a rule that is not there"), r, verified, path, places)
    if refusal then return refusal end
  end
  return nil
end

local function with_sets(rule)
  local claims = {}
  for i, condition in ipairs(rule.claims) do
    local values = {}
    for _, value in ipairs(condition.values) do values[value] = true end
    claims[i] = { name = condition.name, kind = condition.kind, values = values }
  end
  local prepared = {}
  for name, value in next, rule do prepared[name] = value end
  prepared.claims = claims
  return prepared
end

--- Adds rules and zones of the data to a core of `security.new`. Raises for a rule that refers to nothing.
function M.add(core)
  core.zones, core.rules = {}, {}
  for name, networks in next, core.data.zones do core.zones[name] = zone.prepare(networks) end
  for number, rule in next, core.data.rules do
    for _, name in ipairs(rule.zones) do assert(core.zones[name], "a zone that is not there") end
    core.rules[number] = with_sets(rule)
  end
end

return M
