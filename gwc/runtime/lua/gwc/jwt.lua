--- JWT access tokens (gwc/controls/jwt.py; RFC 7519, RFC 8725). The checks are made in the order of the reasons there.
local base64url = require "gwc.base64url"
local json = require "gwc.json"

local M = {}

local find, gmatch, match = string.find, string.gmatch, string.match

local COMPACT = "^Bearer ([%w_-]+)%.([%w_-]+)%.([%w_-]+)$"
local MAX_SUBJECT_BYTES = 255
local LAST_DATE = 2 ^ 53 - 1

local function is_date(value)
  return type(value) == "number" and value >= 0 and value <= LAST_DATE
end

local function is_text(value)
  return type(value) == "string"
end

local function is_audience(value)
  if not json.is_array(value) then return is_text(value) end
  for i = 1, #value do
    if not is_text(value[i]) then return false end
  end
  return true
end

-- Registered claims and their types (RFC 7519 4.1); null is a value like others.
local TYPES = { exp = is_date, nbf = is_date, iat = is_date, iss = is_text, sub = is_text, jti = is_text, aud = is_audience }

local function has_registered_types(claims)
  for name, is_of_type in next, TYPES do
    if claims[name] ~= nil and not is_of_type(claims[name]) then return false end
  end
  return true
end

--- {header=, claims=, signature=, signed=} of the only value of Authorization, nil when it is no well-formed bearer token. The
-- claims that are there have the types of RFC 7519.
function M.read(values)
  if values[2] ~= nil then return nil end
  local head, payload, signature = match(values[1], COMPACT)
  if head == nil then return nil end
  local head_text, payload_text, raw = base64url.decode(head), base64url.decode(payload), base64url.decode(signature)
  if not (head_text and payload_text and raw) then return nil end
  local header, claims = json.decode(head_text), json.decode(payload_text)
  if not (json.is_object(header) and json.is_object(claims) and has_registered_types(claims)) then return nil end
  return { header = header, claims = claims, signature = raw, signed = head .. "." .. payload }
end

local function key_fault(control, token)
  if token.header.crit ~= nil then return "authn.critical" end
  local kid = token.header.kid
  local key = type(kid) == "string" and control.keys[kid] or nil
  if key == nil then return "authn.unknownKey" end
  if token.header.alg ~= key.algorithm then return "authn.algorithm" end
  if key.verify(token.signature, token.signed) ~= true then return "authn.signature" end
  return nil
end

local function time_fault(control, claims, now_s)
  local exp, nbf = claims.exp, claims.nbf
  if exp == nil or now_s >= exp + control.clock_skew_s then return "authn.expired" end
  if nbf ~= nil and now_s < nbf - control.clock_skew_s then return "authn.notBefore" end
  return nil
end

local function has_audience(control, aud)
  if aud == nil then return false end
  if is_text(aud) then return control.audiences[aud] == true end
  for i = 1, #aud do
    if control.audiences[aud[i]] then return true end
  end
  return false
end

local function claim_fault(control, claims)
  if claims.iss ~= control.issuer then return "authn.issuer" end
  if not has_audience(control, claims.aud) then return "authn.audience" end
  local sub = claims.sub
  if sub == nil or sub == "-" or #sub > MAX_SUBJECT_BYTES or not find(sub, "^[!-~]+$") then return "authn.subject" end
  return nil
end

--- nil, or the reason of the first fault. control.keys: kid -> {algorithm=, verify=function(signature, message) -> boolean}.
function M.fault(control, token, now_s)
  return key_fault(control, token) or time_fault(control, token.claims, now_s) or claim_fault(control, token.claims)
end

--- Scope -> true; empty when the claim is neither a text nor a list of texts.
function M.scopes(control, token)
  local claim, scopes = token.claims[control.scopes_claim], {}
  if type(claim) == "string" then
    for scope in gmatch(claim .. " ", "([^ ]*) ") do scopes[scope] = true end
  elseif json.is_array(claim) then
    for _, scope in ipairs(claim) do
      if type(scope) ~= "string" then return {} end
      scopes[scope] = true
    end
  end
  return scopes
end

--- A copy of the control with `verify` in every key. verifier: (key) -> function(signature, message) -> boolean; raises for a
-- key that is none, so that the gateway does not start.
function M.prepare(control, verifier)
  local keys = {}
  for _, key in ipairs(control.keys) do
    assert(control.algorithms[key.algorithm], "a key of an algorithm that is not allowed")
    keys[key.kid] = { algorithm = key.algorithm, verify = verifier(key) }
  end
  return {
    issuer = control.issuer,
    audiences = control.audiences,
    clock_skew_s = control.clock_skew_s,
    scopes_claim = control.scopes_claim,
    keys = keys,
  }
end

return M
