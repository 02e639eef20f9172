--- Keys of a JSON Web Key Set that a gateway reads while it runs: the rules of gwc/controls/jwks.py, without the test whether a
-- point is on its curve, which every host's `verifier` makes. Symmetric keys: SecretKeys of gwc/controls/jwt.py.
local base64url = require "gwc.base64url"
local json = require "gwc.json"

local M = {}

local byte, find = string.byte, string.find

local PRIVATE = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" }
local RSA = { RS256 = true, RS384 = true, RS512 = true, PS256 = true, PS384 = true, PS512 = true }
local OF_CURVE = {
  EC = { ["P-256"] = { ES256 = true }, ["P-384"] = { ES384 = true }, ["P-521"] = { ES512 = true } },
  OKP = { Ed25519 = { EdDSA = true } },
}
local COORDINATE_BYTES = { ES256 = 32, ES384 = 48, ES512 = 66, EdDSA = 32 }
local HASH_BYTES = { HS256 = 32, HS384 = 48, HS512 = 64 } -- RFC 7518 3.2: the least size of a key
local MAX_KID_BYTES = 128
local MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
local MIN_EXPONENT, MAX_EXPONENT = 65537, 2 ^ 32
-- A modulus of the generator of CVE-2017-15361 is a power of 65537 modulo each of these primes (Nemec et al., CCS 2017).
local ROCA_PRIMES = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157 }

local function powers(prime)
  local found, power = {}, 1
  while not found[power] do
    found[power] = true
    power = power * 65537 % prime
  end
  return found
end

local POWERS = {}
for i, prime in ipairs(ROCA_PRIMES) do POWERS[i] = powers(prime) end

--- What is there, with null as nothing.
local function member(entry, name)
  local value = entry[name]
  if value == json.null then return nil end
  return value
end

local function has(list, wanted)
  for i = 1, #list do
    if list[i] == wanted then return true end
  end
  return false
end

local function may_verify(entry)
  local use, operations = entry.use, entry.key_ops
  if use ~= nil and use ~= "sig" then return false end
  return operations == nil or (json.is_array(operations) and has(operations, "verify"))
end

local function is_kid(kid)
  return type(kid) == "string" and #kid <= MAX_KID_BYTES and find(kid, "^[!-~]+$") ~= nil
end

local function is_private(entry)
  for _, name in ipairs(PRIVATE) do
    if entry[name] ~= nil then return true end
  end
  return false
end

--- The bytes of canonical base64url, at least one.
local function bytes(text)
  if type(text) ~= "string" or text == "" then return nil end
  return base64url.decode(text)
end

--- The bytes of a Base64urlUInt (RFC 7518 section 2): no zero byte first.
local function unsigned(text)
  local found = bytes(text)
  return found ~= nil and byte(found) ~= 0 and found or nil
end

local function bits(number)
  local first, count = byte(number), (#number - 1) * 8
  while first > 0 do
    first, count = math.floor(first / 2), count + 1
  end
  return count
end

local function is_odd(number)
  return byte(number, #number) % 2 == 1
end

local function modulo(number, prime)
  local rest = 0
  for i = 1, #number do rest = (rest * 256 + byte(number, i)) % prime end
  return rest
end

local function has_roca_form(modulus)
  for i, prime in ipairs(ROCA_PRIMES) do
    if not POWERS[i][modulo(modulus, prime)] then return false end
  end
  return true
end

local function is_exponent(number)
  if #number > 4 then return false end
  local value = modulo(number, MAX_EXPONENT)
  return value >= MIN_EXPONENT and is_odd(number)
end

local function rsa(entry, key)
  local modulus, exponent = unsigned(entry.n), unsigned(entry.e)
  if not modulus or not exponent or not is_odd(modulus) or not is_exponent(exponent) then return nil end
  local size = bits(modulus)
  if size < MIN_RSA_BITS or size > MAX_RSA_BITS or has_roca_form(modulus) then return nil end
  key.n, key.e = entry.n, entry.e
  return key
end

local function has_bytes(text, count)
  local found = bytes(text)
  return found ~= nil and #found == count
end

local function point(entry, key)
  local count = COORDINATE_BYTES[key.algorithm]
  if not has_bytes(entry.x, count) then return nil end
  key.crv, key.x = entry.crv, entry.x
  if entry.kty == "OKP" then return key end
  if not has_bytes(entry.y, count) then return nil end
  key.y = entry.y
  return key
end

--- The algorithms that the kind of the key allows, nil for a kind that is not supported.
local function possible(entry)
  if entry.kty == "RSA" then return RSA end
  local curves = OF_CURVE[entry.kty]
  return curves and curves[entry.crv]
end

--- The one algorithm of the key that the policy allows; nil when there is none, or more than one and the key names none.
local function algorithm(entry, allowed)
  local fitting, named, chosen = possible(entry), member(entry, "alg"), nil
  for name in next, fitting or {} do
    if allowed[name] and (named == nil or named == name) then
      if chosen then return nil end
      chosen = name
    end
  end
  return chosen
end

--- {kid=, algorithm=, n=, e=} or {kid=, algorithm=, crv=, x=, y=} of a decoded JWK, nil when it may not be used. allowed: set of algorithms.
function M.public(entry, allowed)
  if not json.is_object(entry) or is_private(entry) or not may_verify(entry) or not is_kid(entry.kid) then return nil end
  local chosen = algorithm(entry, allowed)
  if chosen == nil then return nil end
  local key = { kid = entry.kid, algorithm = chosen }
  return entry.kty == "RSA" and rsa(entry, key) or entry.kty ~= "RSA" and point(entry, key) or nil
end

--- {kid=, algorithm=, secret=} of a decoded symmetric JWK, nil when it may not be used.
function M.symmetric(entry, allowed)
  if not json.is_object(entry) or entry.kty ~= "oct" or not may_verify(entry) or not is_kid(entry.kid) then return nil end
  local least = type(entry.alg) == "string" and allowed[entry.alg] and HASH_BYTES[entry.alg]
  local secret = bytes(entry.k)
  if not least or secret == nil or #secret < least then return nil end
  return { kid = entry.kid, algorithm = entry.alg, secret = secret }
end

--- The list `keys` of a key set's text, nil when it is no strict JSON object with one.
local function entries_of(text)
  local document = json.decode(text)
  return json.is_object(document) and json.is_array(document.keys) and document.keys or nil
end

--- kid -> key of those that `usable` makes a key of; nil when two of them have one kid, or there is none.
local function by_kid(entries, allowed, usable)
  local keys = {}
  for i = 1, #entries do
    local key = usable(entries[i], allowed)
    if key then
      if keys[key.kid] then return nil end
      keys[key.kid] = key
    end
  end
  return next(keys) ~= nil and keys or nil
end

--- kid -> public key of a key set's text, nil when it is none, or has no usable key.
function M.read_set(text, allowed)
  local entries = entries_of(text)
  return entries and by_kid(entries, allowed, M.public)
end

--- Whether all keys are symmetric (RFC 8725 2.1), and no two of them, usable or not, have one kid.
local function are_secrets(entries)
  local kids = {}
  for i = 1, #entries do
    local entry = entries[i]
    if not json.is_object(entry) or entry.kty ~= "oct" then return false end
    local kid = entry.kid
    if kid ~= nil then
      if kids[kid] then return false end
      kids[kid] = true
    end
  end
  return true
end

--- kid -> symmetric key of a key set's text, nil when it is none, has other keys, or no usable one.
function M.read_secrets(text, allowed)
  local entries = entries_of(text)
  return entries and are_secrets(entries) and by_kid(entries, allowed, M.symmetric) or nil
end

return M
