--- Where API keys are in a request, and the request without them (gwc/controls/api_key.py, gwc/controls/forwarding.py).
local trimmed = require "gwc.trimmed"

local M = {}

local char, concat, find, gmatch, gsub, match, sub, tonumber =
  string.char, table.concat, string.find, string.gmatch, string.gsub, string.match, string.sub, tonumber

local function byte_of(digits)
  return char(tonumber(digits, 16))
end

--- The text with its escapes decoded once; a plus sign stays one.
function M.decoded(text)
  if not find(text, "%", 1, true) then return text end
  return (gsub(text, "%%(%x%x)", byte_of))
end

--- Name and value of a part, split at its first `=`.
local function split(part)
  local at = find(part, "=", 1, true)
  if at == nil then return part, "" end
  return sub(part, 1, at - 1), sub(part, at + 1)
end

--- The parts of `text` between the separators, empty ones too.
local function parts(text, separator)
  return gmatch(text .. separator, "([^" .. separator .. "]*)" .. separator)
end

local function cookies(fields)
  local found = {}
  for _, field in ipairs(fields) do
    for part in parts(field, ";") do
      local cookie = trimmed(part)
      if cookie ~= "" then found[#found + 1] = cookie end
    end
  end
  return found
end

local function in_query(name, target)
  local found, query = {}, match(target, "%?(.*)$")
  for part in parts(query or "", "&") do
    local key, value = split(part)
    if M.decoded(key) == name then found[#found + 1] = M.decoded(value) end
  end
  return found
end

--- The values of all cookies of this name, in order. fields: all Cookie fields.
function M.cookie_values(name, fields)
  local found = {}
  for _, cookie in ipairs(cookies(fields)) do
    local key, value = split(cookie)
    if key == name then found[#found + 1] = value end
  end
  return found
end

--- Everything that is presented as a key of the scheme, in order. control: {location=, name=}.
function M.values(control, r)
  if control.location == "header" then return r.header(control.name) end
  if control.location == "query" then return in_query(control.name, r.target) end
  return M.cookie_values(control.name, r.header("cookie"))
end

--- The target without the parameters of the query whose names are in `removed` (name -> true).
function M.target_without(target, removed)
  local path, query = match(target, "^([^?]*)%?(.*)$")
  if query == nil then return target end
  local kept, found = {}, false
  for part in parts(query, "&") do
    if removed[M.decoded((split(part)))] then found = true else kept[#kept + 1] = part end
  end
  if not found then return target end
  return kept[1] and path .. "?" .. concat(kept, "&") or path
end

--- The one Cookie field without the cookies whose names are in `removed`; empty: none is left. fields: all Cookie fields.
function M.cookies_without(fields, removed)
  local kept = {}
  for _, cookie in ipairs(cookies(fields)) do
    if not removed[(split(cookie))] then kept[#kept + 1] = cookie end
  end
  return concat(kept, "; ")
end

return M
