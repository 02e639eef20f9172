--- Signatures and digests by the libraries that come with Kong 3.9 (lua-resty-openssl).
local bit = require "bit"
local hmac = require "resty.openssl.hmac"
local pkey = require "resty.openssl.pkey"
local sha256 = require "kong.tools.sha256"
local spki = require "gwc.spki"

local M = { sha256_hex = sha256.sha256_hex }

local byte, find, format, sub = string.byte, string.find, string.format, string.sub

local JWK = { -- by the members that a key has; every value is base64url
  RSA = '{"kty":"RSA","n":"%s","e":"%s"}',
  EC = '{"kty":"EC","crv":"%s","x":"%s","y":"%s"}',
  OKP = '{"kty":"OKP","crv":"%s","x":"%s"}',
}

local function checked(text)
  assert(not find(text, "[^%w_-]"), "a key that is not base64url")
  return text
end

local function as_jwk(key)
  if key.n then return format(JWK.RSA, checked(key.n), checked(key.e)) end
  if key.y then return format(JWK.EC, checked(key.crv), checked(key.x), checked(key.y)) end
  return format(JWK.OKP, checked(key.crv), checked(key.x))
end

-- Only `true` is a good signature; nil and false are errors (resty.openssl). A digest is always named, because without one the key's
-- default holds; Ed25519 has none.
local VERIFY = {
  RS = function(public, digest)
    return function(signature, message) return public:verify(signature, message, digest) == true end
  end,
  PS = function(public, digest, hash_bytes) -- without a length, a salt of any would do
    local padding, options = public.PADDINGS.RSA_PKCS1_PSS_PADDING, { pss_saltlen = hash_bytes }
    return function(signature, message) return public:verify(signature, message, digest, padding, options) == true end
  end,
  ES = function(public, digest, _, algorithm) -- ecdsa_use_raw: JWS forbids DER
    local bytes, options = spki.signature_bytes(algorithm), { ecdsa_use_raw = true }
    return function(signature, message)
      return #signature == bytes and public:verify(signature, message, digest, nil, options) == true
    end
  end,
  Ed = function(public)
    return function(signature, message) return #signature == 64 and public:verify(signature, message) == true end
  end,
}

--- Whether the texts are equal, in a time that depends on their length only.
local function equals(left, right)
  if #left ~= #right then return false end
  local different = 0
  for i = 1, #left do different = bit.bor(different, bit.bxor(byte(left, i), byte(right, i))) end
  return different == 0
end

local function hmac_verifier(key, digest)
  return function(signature, message)
    local found = assert(assert(hmac.new(key.secret, digest)):final(message))
    return equals(found, signature)
  end
end

--- Whether a private key is that of the first certificate of a chain, both PEM; false for what is neither.
function M.is_pair(certificate, private_key)
  local x509 = require "resty.openssl.x509" -- few policies need it
  local leaf, key = x509.new(certificate, "PEM"), pkey.new(private_key)
  return leaf ~= nil and key ~= nil and leaf:check_private_key(key) == true
end

--- A function(signature, message) -> boolean for a key of the data or of a key set; nil for one that OpenSSL does not take.
function M.verifier(key)
  local bits = sub(key.algorithm, 3)
  local digest = "sha" .. bits
  if key.secret then return hmac_verifier(key, digest) end
  local public = pkey.new(as_jwk(key), { format = "JWK" })
  return public and VERIFY[sub(key.algorithm, 1, 2)](public, digest, (tonumber(bits) or 0) / 8, key.algorithm)
end

return M
