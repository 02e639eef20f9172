--- Base64url as RFC 7515 section 2 has it: without padding, and with exactly one spelling of each byte string.
local M = {}

local byte, char, find, floor, gsub, sub = string.byte, string.char, string.find, math.floor, string.gsub, string.sub

local VALUE = {}
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
for i = 1, #ALPHABET do VALUE[byte(ALPHABET, i)] = i - 1 end

local function quad(a, b, c, d)
  local n = VALUE[a] * 262144 + VALUE[b] * 4096 + VALUE[c] * 64 + VALUE[d]
  return char(floor(n / 65536), floor(n / 256) % 256, n % 256)
end

--- The one or two bytes of an incomplete group, or nil when it has unused bits that are not zero: a second spelling.
local function rest(tail)
  local a, b, c = byte(tail, 1, 3)
  if c == nil then
    return VALUE[b] % 16 == 0 and char(VALUE[a] * 4 + floor(VALUE[b] / 16)) or nil
  end
  local n = VALUE[a] * 4096 + VALUE[b] * 64 + VALUE[c]
  return n % 4 == 0 and char(floor(n / 1024), floor(n / 4) % 256) or nil
end

--- The bytes, or nil for anything that is not their canonical spelling.
function M.decode(text)
  if find(text, "[^%w_-]") then return nil end
  local extra = #text % 4
  if extra == 1 then return nil end
  local out = {}
  for i = 1, #text - extra, 4 do out[#out + 1] = quad(byte(text, i, i + 3)) end
  if extra > 0 then
    local last = rest(sub(text, #text - extra + 1))
    if last == nil then return nil end
    out[#out + 1] = last
  end
  return table.concat(out)
end

--- The bytes of canonical, padded base64 (RFC 4648 4); nil for everything else.
function M.decode_padded(text)
  if #text % 4 ~= 0 or not find(text, "^[%w+/]+=?=?$") then return nil end
  return M.decode((gsub(gsub(gsub(text, "=", ""), "+", "-"), "/", "_")))
end

return M
