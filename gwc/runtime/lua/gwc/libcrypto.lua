--- RS256 and ES256 through FFI on the libcrypto that NGINX is linked with, for hosts without lua-resty-openssl.
local base64url = require "gwc.base64url"
local ffi = require "ffi"

local M = {}

ffi.cdef [[
typedef struct evp_pkey_st EVP_PKEY; typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD; typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *);
const EVP_MD *EVP_sha256(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *, EVP_PKEY_CTX **, const EVP_MD *, void *, EVP_PKEY *);
int EVP_DigestVerify(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
void ERR_clear_error(void);
]]
local C = ffi.C

--- A DER value (ITU-T X.690) of less than 64 KiB.
local function der(tag, content)
  local n = #content
  if n < 128 then return string.char(tag, n) .. content end
  if n < 256 then return string.char(tag, 0x81, n) .. content end
  return string.char(tag, 0x82, math.floor(n / 256), n % 256) .. content
end

local function der_integer(bytes)
  bytes = string.gsub(bytes, "^%z+", "")
  if bytes == "" or string.byte(bytes) >= 128 then bytes = "\0" .. bytes end
  return der(0x02, bytes)
end

local RSA_ENCRYPTION = der(0x30, "\6\9\42\134\72\134\247\13\1\1\1\5\0")
local EC_P256 = der(0x30, "\6\7\42\134\72\206\61\2\1" .. "\6\8\42\134\72\206\61\3\1\7")

--- SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a key of the data.
local PUBLIC_KEY = {
  RS256 = function(key)
    local numbers = der_integer(assert(base64url.decode(key.n))) .. der_integer(assert(base64url.decode(key.e)))
    return der(0x30, RSA_ENCRYPTION .. der(0x03, "\0" .. der(0x30, numbers)))
  end,
  ES256 = function(key)
    local point = "\4" .. assert(base64url.decode(key.x)) .. assert(base64url.decode(key.y))
    return der(0x30, EC_P256 .. der(0x03, "\0" .. point))
  end,
}

--- The signature as OpenSSL takes it, nil when its length is wrong.
local SIGNATURE = {
  RS256 = function(raw) return raw end,
  ES256 = function(raw)
    if #raw ~= 64 then return nil end
    return der(0x30, der_integer(string.sub(raw, 1, 32)) .. der_integer(string.sub(raw, 33)))
  end,
}

--- A function(signature, message) -> boolean for a key of the data; raises for one that is none.
function M.verifier(key)
  local text = PUBLIC_KEY[key.algorithm](key)
  local public = C.d2i_PUBKEY(nil, ffi.new("const unsigned char *[1]", ffi.cast("const unsigned char *", text)), #text)
  assert(public ~= nil, "a public key that OpenSSL does not take")
  return function(raw, message)
    local signature = SIGNATURE[key.algorithm](raw)
    if signature == nil then return false end
    local context = C.EVP_MD_CTX_new()
    local good = C.EVP_DigestVerifyInit(context, nil, C.EVP_sha256(), nil, public) == 1
      and C.EVP_DigestVerify(context, signature, #signature, message, #message) == 1
    C.EVP_MD_CTX_free(context)
    C.ERR_clear_error()
    return good
  end
end

return M
