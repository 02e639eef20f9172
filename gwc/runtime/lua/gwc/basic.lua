--- HTTP Basic (RFC 7617) for generated keys only (gwc/controls/basic.py).
local api_key = require "gwc.api_key"
local base64url = require "gwc.base64url"

local M = {}

local find, match, sub = string.find, string.match, string.sub

local SCHEME = "Basic "
local KEY, KEY_BYTES = "^gwc_%w+$", 53 -- GENERATED_KEY of the control

--- Whether a value of Authorization is meant for this scheme, where tokens are taken, too.
function M.is_meant(value)
  return sub(value, 1, #SCHEME) == SCHEME
end

--- The consumer whose id and key the value has, or nil and the reason of the refusal. keys: as for `api_key.check`.
function M.check(value, keys, now_s, sha256_hex)
  local decoded = M.is_meant(value) and base64url.decode_padded(sub(value, #SCHEME + 1))
  local user, password = match(decoded or "", "^([^:]*):(.*)$")
  if password == nil or #password ~= KEY_BYTES or not find(password, KEY) then return nil, "authn.basic" end
  local key = keys[sha256_hex(password)]
  if key ~= nil and key.consumer ~= user then key = nil end
  return api_key.in_time(key, now_s, "authn.basic")
end

return M
