--- Keys and signatures in the DER that cryptographic libraries take (ITU-T X.690).
local base64url = require "gwc.base64url"

local M = {}

local byte, char, floor, gsub, sub = string.byte, string.char, math.floor, string.gsub, string.sub

--- A value of less than 64 KiB.
local function der(tag, content)
  local n = #content
  if n < 128 then return char(tag, n) .. content end
  if n < 256 then return char(tag, 0x81, n) .. content end
  return char(tag, 0x82, floor(n / 256), n % 256) .. content
end

local function integer(bytes)
  bytes = gsub(bytes, "^%z+", "")
  if bytes == "" or byte(bytes) >= 128 then bytes = "\0" .. bytes end
  return der(0x02, bytes)
end

local EC_PUBLIC_KEY = "\6\7\42\134\72\206\61\2\1"
local ALGORITHM = { -- AlgorithmIdentifier: RFC 3279 2.3.1, RFC 5480 2.1.1, RFC 8410 3
  RSA = der(0x30, "\6\9\42\134\72\134\247\13\1\1\1\5\0"),
  ES256 = der(0x30, EC_PUBLIC_KEY .. "\6\8\42\134\72\206\61\3\1\7"),
  ES384 = der(0x30, EC_PUBLIC_KEY .. "\6\5\43\129\4\0\34"),
  ES512 = der(0x30, EC_PUBLIC_KEY .. "\6\5\43\129\4\0\35"),
  EdDSA = der(0x30, "\6\3\43\101\112"),
}
local COORDINATE_BYTES = { ES256 = 32, ES384 = 48, ES512 = 66 }

local function decoded(text)
  return assert(base64url.decode(text), "a key that is not base64url")
end

local function bits(key)
  if key.n then return der(0x30, integer(decoded(key.n)) .. integer(decoded(key.e))) end
  if key.y then return "\4" .. decoded(key.x) .. decoded(key.y) end
  return decoded(key.x)
end

--- SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a public key; raises when it is not base64url.
function M.public_key(key)
  return der(0x30, ALGORITHM[key.n and "RSA" or key.algorithm] .. der(0x03, "\0" .. bits(key)))
end

--- The bytes of a signature of ES256, ES384 or ES512 (RFC 7518 3.4), nil for another algorithm.
function M.signature_bytes(algorithm)
  local coordinate = COORDINATE_BYTES[algorithm]
  return coordinate and 2 * coordinate
end

--- An ECDSA signature of a JWS as Ecdsa-Sig-Value (RFC 3279 2.2.3), nil when its length is wrong: JWS has one form only.
function M.der_signature(raw, algorithm)
  local coordinate = COORDINATE_BYTES[algorithm]
  if #raw ~= 2 * coordinate then return nil end
  return der(0x30, integer(sub(raw, 1, coordinate)) .. integer(sub(raw, coordinate + 1)))
end

return M
