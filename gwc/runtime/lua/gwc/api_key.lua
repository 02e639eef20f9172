--- API keys (gwc/controls/api_key.py): known by the SHA-256 digest of their bytes only.
local M = {}

local MAX_KEY_BYTES = 256

--- The consumer of a key, or nil and the reason of the refusal. key: {consumer=, not_before_s=, expires_s=}; nil for an unknown one, for
-- which the reason is `unknown`. now_s: seconds since 1970.
function M.in_time(key, now_s, unknown)
  if key == nil then return nil, unknown end
  if now_s < key.not_before_s then return nil, "authn.notBefore" end
  if now_s >= key.expires_s then return nil, "authn.expired" end
  return key.consumer
end

--- The consumer that presented a key, or nil and the reason of the refusal.
--
-- values: everything in the key's place, in order. keys: digest in lower-case hex -> key. sha256_hex: string -> 64 lower-case hex
-- digits. The key is found by its digest, so the time that the search takes says nothing about keys that exist.
function M.check(values, keys, now_s, sha256_hex)
  local presented = values[1]
  if presented == nil then return nil, "authn.missing" end
  if values[2] ~= nil or #presented == 0 or #presented > MAX_KEY_BYTES then return nil, "authn.apiKey" end
  return M.in_time(keys[sha256_hex(presented)], now_s, "authn.apiKey")
end

return M
