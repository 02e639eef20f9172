--- Size, media type and coding of the request body (gwc/controls/body.py).
local M = {}

local find, gsub, lower, match = string.find, string.gsub, string.lower, string.match

local TOKEN = "[%w!#$%%&'+.^_`|~-]+" -- RFC 9110 5.6.2 without the asterisk, which stands for a range
local MEDIA_TYPE = "^(" .. TOKEN .. ")/(" .. TOKEN .. ")[ \t]*(.?)"

--- Whether the value may be two fields that a gateway has joined: a comma outside of quoted text.
local function may_be_joined(value)
  return find(value, ",", 1, true) ~= nil and find(gsub(gsub(value, "\\.", ""), '"[^"]*"', ""), ",", 1, true) ~= nil
end

--- Type and subtype in lower case, or nil when the fields are not exactly one media type.
local function media_type(values)
  local value = values[1]
  if value == nil or values[2] ~= nil or may_be_joined(value) then return nil end
  local kind, subtype, next_character = match(value, MEDIA_TYPE)
  if kind == nil or (next_character ~= "" and next_character ~= ";") then return nil end
  return lower(kind), lower(subtype)
end

local function takes(rule, values)
  local kind, subtype = media_type(values)
  if kind == nil then return false end
  return rule.any or rule.ranges[kind] == true or rule.types[kind .. "/" .. subtype] == true
end

local function is_plain(values)
  for _, coding in ipairs(values) do
    if coding ~= "" and lower(coding) ~= "identity" then return false end
  end
  return true
end

local function refusal(status, reason)
  return { status = status, reason = reason }
end

--- nil, or the refusal {status=, reason=}.
--
-- rule: {types = {["application/json"]=true}, ranges = {["text"]=true}, any = bool, required = bool, max_bytes = n, none = bool}.
-- request: {content_type = list, content_encoding = list, length = function() -> bytes | nil, "too_large"}; the length is asked
-- for only here, so that no host needs to read a body before the caller was authorised. Any other failure of it denies.
function M.check(rule, request)
  local bytes, failure = request.length()
  if bytes == nil and failure ~= "too_large" then return refusal(500, "internal.error") end
  if bytes == 0 then return rule.required and refusal(400, "body.missing") or nil end
  if rule.none then return refusal(400, "body.unexpected") end
  if bytes == nil or bytes > rule.max_bytes then return refusal(413, "body.size") end
  if not takes(rule, request.content_type) then return refusal(415, "body.contentType") end
  if not is_plain(request.content_encoding) then return refusal(415, "body.encoding") end
  return nil
end

return M
