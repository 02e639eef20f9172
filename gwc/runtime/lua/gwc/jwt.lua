--- JWT access tokens (gwc/controls/jwt.py; RFC 7519, RFC 8725). The checks are made in the order of the reasons there.
local base64url = require "gwc.base64url"
local json = require "gwc.json"
local key_source = require "gwc.key_source"

local M = {}

local find, gmatch, gsub, lower, match = string.find, string.gmatch, string.gsub, string.lower, string.match

local COMPACT = "^Bearer ([%w_-]+)%.([%w_-]*)%.([%w_-]+)$"
local MAX_SUBJECT_BYTES = 255
local LAST_DATE = 2 ^ 53 - 1

local function is_date(value)
  return type(value) == "number" and value >= 0 and value <= LAST_DATE
end

local function is_text(value)
  return type(value) == "string"
end

local function are_texts(list)
  for i = 1, #list do
    if not is_text(list[i]) then return false end
  end
  return true
end

local function is_audience(value)
  return is_text(value) or (json.is_array(value) and are_texts(value))
end

-- Registered claims and their types (RFC 7519 4.1); null is a value like others.
local TYPES = { exp = is_date, nbf = is_date, iat = is_date, iss = is_text, sub = is_text, jti = is_text, aud = is_audience }

local function has_registered_types(claims)
  for name, is_of_type in next, TYPES do
    if claims[name] ~= nil and not is_of_type(claims[name]) then return false end
  end
  return true
end

--- {header=, payload_text=, payload=, signature=, signed=} of a value of Authorization, nil when it is no compact JWS with a header that is
-- a JSON object. The payload is not read yet.
function M.read(value)
  local head, payload_text, signature_text = match(value, COMPACT)
  if head == nil then return nil end
  local head_bytes, payload, signature = base64url.decode(head), base64url.decode(payload_text), base64url.decode(signature_text)
  if not (head_bytes and payload and signature) then return nil end
  local header = json.decode(head_bytes)
  if not json.is_object(header) then return nil end
  return { header = header, payload_text = payload_text, payload = payload, signature = signature, signed = head .. "." .. payload_text }
end

--- The claims, read once; false when they are no JSON object, or registered ones have other types.
function M.claims(token)
  if token.claims == nil then
    local claims = json.decode(token.payload)
    token.claims = json.is_object(claims) and has_registered_types(claims) and claims or false
  end
  return token.claims
end

local function has_type(control, header)
  if control.typ == nil then return true end
  return is_text(header.typ) and gsub(lower(header.typ), "^application/", "") == control.typ
end

--- The key that verified the token, or nil and the reason. A native key is one whose signature somebody else has judged together with the
-- payload's form: the form is asked first, so that the reason is the token's.
local function verifying_key(control, token, r)
  local header = token.header
  if header.crit ~= nil then return nil, "authn.critical" end
  if not has_type(control, header) then return nil, "authn.type" end
  if not is_text(header.kid) then return nil, "authn.unknownKey" end
  local key, reason = control.source.find(header.kid, r)
  if key == nil then return nil, reason end
  if header.alg ~= key.algorithm then return nil, "authn.algorithm" end
  if key.native and not M.claims(token) then return nil, "authn.claims" end
  if key.verify(token.signature, token.signed, r) ~= true then return nil, "authn.signature" end
  return key
end

local function time_fault(control, claims, now_s)
  local exp, nbf, iat, skew_s = claims.exp, claims.nbf, claims.iat, control.clock_skew_s
  if exp == nil or now_s >= exp + skew_s then return "authn.expired" end
  if nbf ~= nil and now_s < nbf - skew_s then return "authn.notBefore" end
  if iat ~= nil and now_s < iat - skew_s then return "authn.issuedAt" end
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

local function lives_too_long(control, claims)
  if control.max_lifetime_s == nil then return false end
  return claims.exp == nil or claims.iat == nil or claims.exp - claims.iat > control.max_lifetime_s
end

--- What does not depend on time.
local function claim_fault(control, claims)
  if lives_too_long(control, claims) then return "authn.lifetime" end
  if claims.iss ~= control.issuer then return "authn.issuer" end
  if not has_audience(control, claims.aud) then return "authn.audience" end
  local sub = claims.sub
  if sub == nil or sub == "-" or #sub > MAX_SUBJECT_BYTES or not find(sub, "^[!-~]+$") then return "authn.subject" end
  return nil
end

--- The value by own members of nested objects; nil when there is none.
function M.claim(claims, path)
  local found = claims
  for _, name in ipairs(path) do
    if not json.is_object(found) then return nil end
    found = found[name]
  end
  return found
end

--- Scopes or roles: text -> true, of a text with single spaces between, or of a list of texts. Empty for every other form.
function M.texts(claims, path)
  local found, set = path[1] and M.claim(claims, path), {}
  if is_text(found) then
    for text in gmatch(found .. " ", "([^ ]*) ") do set[text] = true end
  elseif json.is_array(found) and are_texts(found) then
    for i = 1, #found do set[found[i]] = true end
  end
  return set
end

--- {key=, scopes=}: the token is good for the scheme; or nil and the reason of its first fault.
function M.verify(control, token, host, r)
  local key, reason = verifying_key(control, token, r)
  if key == nil then return nil, reason end
  local claims = M.claims(token)
  if not claims then return nil, "authn.claims" end
  reason = time_fault(control, claims, host.now()) or claim_fault(control, claims)
  if reason then return nil, reason end
  return { key = key, scopes = M.texts(claims, control.scopes_claim) }
end

--- The proof of an earlier `verify` when it still holds; false and a reason when the token is not good for the scheme; nil when the
-- token must be verified (again): the keys are others now.
function M.recall(control, proof, claims, host, r)
  if proof == nil then
    local reason = claim_fault(control, claims)
    if reason then return false, reason end
    return nil
  end
  if control.source.find(proof.key.kid, r) ~= proof.key then return nil end
  local reason = time_fault(control, claims, host.now())
  if reason then return false, reason end
  return proof
end

--- The control of the data with its source of keys. Raises for one that can't be used, so that the gateway does not start.
function M.prepare(control, scheme, host)
  local prepared = {}
  for name, value in next, control do prepared[name] = value end
  prepared.source = key_source.new(control, scheme, host)
  return prepared
end

return M
