--- Signatures and digests through FFI on the libcrypto that NGINX is linked with (OpenSSL 3), for hosts without lua-resty-openssl.
local ffi = require "ffi"
local spki = require "gwc.spki"

local M = {}

ffi.cdef [[
typedef struct evp_pkey_st EVP_PKEY; typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD; typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *);
const EVP_MD *EVP_sha256(void);
const EVP_MD *EVP_sha384(void);
const EVP_MD *EVP_sha512(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *, EVP_PKEY_CTX **, const EVP_MD *, void *, EVP_PKEY *);
int EVP_DigestVerify(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
int EVP_PKEY_CTX_set_rsa_padding(EVP_PKEY_CTX *, int);
int EVP_PKEY_CTX_set_rsa_pss_saltlen(EVP_PKEY_CTX *, int);
unsigned char *SHA256(const unsigned char *, size_t, unsigned char *);
unsigned char *HMAC(const EVP_MD *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned int *);
int CRYPTO_memcmp(const void *, const void *, size_t);
void ERR_clear_error(void);
typedef struct x509_st X509; typedef struct bio_st BIO;
BIO *BIO_new_mem_buf(const void *, int);
int BIO_free(BIO *);
X509 *PEM_read_bio_X509(BIO *, X509 **, void *, void *);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *, EVP_PKEY **, void *, void *);
int X509_check_private_key(const X509 *, const EVP_PKEY *);
void X509_free(X509 *);
void EVP_PKEY_free(EVP_PKEY *);
]]
local C = ffi.C

local RSA_PKCS1_PSS_PADDING = 6
local BITS = { ["256"] = C.EVP_sha256, ["384"] = C.EVP_sha384, ["512"] = C.EVP_sha512 }

--- Kind (`RS`, `ES` ...), EVP_MD and bytes of the hash of an algorithm; EdDSA names its own.
local function described(algorithm)
  if algorithm == "EdDSA" then return "Ed", nil, 0 end
  local bits = string.sub(algorithm, 3)
  return string.sub(algorithm, 1, 2), BITS[bits](), tonumber(bits) / 8
end

--- PS256 and its like have a salt as long as the hash (RFC 7518 3.5), and no other.
local function set_padding(kind, context, hash_bytes)
  return kind ~= "PS"
    or (C.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
      and C.EVP_PKEY_CTX_set_rsa_pss_saltlen(context, hash_bytes) == 1)
end

local function public_verifier(key)
  local text = spki.public_key(key)
  local public = C.d2i_PUBKEY(nil, ffi.new("const unsigned char *[1]", ffi.cast("const unsigned char *", text)), #text)
  C.ERR_clear_error()
  if public == nil then return nil end -- a point that is not on the curve, for example
  local kind, digest, hash_bytes = described(key.algorithm)
  local parameters = ffi.new "EVP_PKEY_CTX *[1]"
  return function(raw, message)
    local signature = kind ~= "ES" and raw or spki.der_signature(raw, key.algorithm)
    if signature == nil then return false end
    local context = C.EVP_MD_CTX_new()
    local good = C.EVP_DigestVerifyInit(context, parameters, digest, nil, public) == 1
      and set_padding(kind, parameters[0], hash_bytes)
      and C.EVP_DigestVerify(context, signature, #signature, message, #message) == 1
    C.EVP_MD_CTX_free(context)
    C.ERR_clear_error()
    return good
  end
end

local function hmac_verifier(key)
  local _, digest, hash_bytes = described(key.algorithm)
  local found = ffi.new "unsigned char[64]"
  return function(raw, message)
    if #raw ~= hash_bytes then return false end
    return C.HMAC(digest, key.secret, #key.secret, message, #message, found, nil) ~= nil and C.CRYPTO_memcmp(found, raw, hash_bytes) == 0
  end
end

--- What a reader of OpenSSL makes of a PEM text; nil for what it does not take, or what needs a password.
local function from_pem(read, free, text)
  local bio = C.BIO_new_mem_buf(text, #text)
  local found = read(bio, nil, nil, ffi.cast("void *", ""))
  C.BIO_free(bio)
  return found ~= nil and ffi.gc(found, free) or nil
end

--- Whether a private key is that of the first certificate of a chain, both PEM; false for what is neither.
function M.is_pair(certificate, private_key)
  local leaf = from_pem(C.PEM_read_bio_X509, C.X509_free, certificate)
  local key = from_pem(C.PEM_read_bio_PrivateKey, C.EVP_PKEY_free, private_key)
  local good = leaf ~= nil and key ~= nil and C.X509_check_private_key(leaf, key) == 1
  C.ERR_clear_error()
  return good
end

--- A function(signature, message) -> boolean for a key of the data or of a key set; nil for one that OpenSSL does not take.
function M.verifier(key)
  return (key.secret and hmac_verifier or public_verifier)(key)
end

local digest = ffi.new "unsigned char[32]"

local function hexadecimal(character)
  return string.format("%02x", string.byte(character))
end

--- SHA-256 in 64 lower-case hex digits.
function M.sha256_hex(text)
  C.SHA256(text, #text, digest)
  return (string.gsub(ffi.string(digest, 32), ".", hexadecimal))
end

return M
