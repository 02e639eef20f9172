--- Escapes of URIs and forms (RFC 3986 2.1), decoded once.
local json = require "gwc.json"

local M = {}

local char, find, gsub, tonumber = string.char, string.find, string.gsub, tonumber

local function byte_of(digits)
  return char(tonumber(digits, 16))
end

--- The text without its escapes; nil for one that is malformed, or when the bytes are not UTF-8. plus: a plus sign is a blank.
function M.decode(text, plus)
  if plus and find(text, "+", 1, true) then text = gsub(text, "%+", " ") end
  if find(text, "%", 1, true) then
    if find(text, "%%%X") or find(text, "%%.%X") or find(text, "%%.?$") then return nil end
    text = gsub(text, "%%(%x%x)", byte_of)
  end
  if not json.is_utf8(text) then return nil end
  return text
end

return M
