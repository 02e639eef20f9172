--- API keys (gwc/controls/api_key.py): known by the SHA-256 digest of their bytes only.
local M = {}

local MAX_KEY_BYTES = 256

--- The consumer that presented a key, or nil and the reason of the refusal.
--
-- values: every value of the key's header, in order. keys: digest in lower-case hex -> {consumer=, not_before_s=, expires_s=}.
-- now_s: seconds since 1970. sha256_hex: string -> 64 lower-case hex digits. The key is found by its digest, so the time
-- that the search takes says nothing about keys that exist.
function M.check(values, keys, now_s, sha256_hex)
  local presented = values[1]
  if presented == nil then return nil, "authn.missing" end
  if values[2] ~= nil or #presented == 0 or #presented > MAX_KEY_BYTES then return nil, "authn.apiKey" end
  local key = keys[sha256_hex(presented)]
  if key == nil then return nil, "authn.apiKey" end
  if now_s < key.not_before_s then return nil, "authn.notBefore" end
  if now_s >= key.expires_s then return nil, "authn.expired" end
  return key.consumer
end

return M
