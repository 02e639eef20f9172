--- The media type of a body (RFC 9110 8.3.1), of a field that `gwc.body` has let through.
local M = {}

local find, gsub, lower, match, sub = string.find, string.gsub, string.lower, string.match, string.sub

local TOKEN = "[%w!#$%%&'*+.^_`|~-]+"
-- Without an asterisk (RFC 2231, 8187): some readers take `boundary*` or `name*0` for `boundary` and `name`, others don't.
local NAME = "[%w!#$%%&'+.^_`|~-]+"
local TYPE = "^[^/; \t]+/[^/; \t]+[ \t]*"

--- The value whose first character is at `at`, and the place behind it.
local function read_value(text, at)
  if sub(text, at, at) ~= '"' then
    local token = match(text, "^" .. TOKEN, at)
    return token, token and at + #token
  end
  local from = at + 1
  while true do
    local stop = find(text, '["\\]', from)
    if stop == nil then return nil end
    if sub(text, stop, stop) == '"' then return (gsub(sub(text, at + 1, stop - 1), "\\(.)", "%1")), stop + 1 end
    from = stop + 2
  end
end

--- Name -> value of the parameters from the semicolon at `at` on, the names in lower case; nil when they are malformed, or a name stands there twice.
function M.parameters(text, at)
  local found = {}
  while at <= #text do
    if sub(text, at, at) ~= ";" then return nil end
    at = find(text, "[^ \t]", at + 1) or #text + 1
    local name = match(text, "^" .. NAME, at)
    if name then
      local value, after
      if sub(text, at + #name, at + #name) == "=" then value, after = read_value(text, at + #name + 1) end
      name = lower(name)
      if value == nil or found[name] ~= nil then return nil end
      found[name], at = value, after
    end
    at = find(text, "[^ \t]", at) or #text + 1
  end
  return found
end

--- Whether the text has the form that `read` expects: a type, with nothing but parameters behind it.
function M.is_type(text)
  return match(text, TYPE .. "$") ~= nil or match(text, TYPE .. ";") ~= nil
end

--- Whether the type is one of a range, which is lower case.
function M.is_within(range, kind, subtype)
  return range == "*/*" or range == kind .. "/*" or range == kind .. "/" .. subtype
end

--- The first of the rules {range=} that is for the type; the list has the most specific ranges first.
function M.rule_for(rules, kind, subtype)
  for _, rule in ipairs(rules) do
    if M.is_within(rule.range, kind, subtype) then return rule end
  end
  return nil
end

function M.is_json(kind, subtype)
  return (subtype == "json" and (kind == "application" or kind == "text")) or find(subtype, "%+json$") ~= nil
end

--- Whether the parameters are well-formed and name no other character set.
function M.is_utf8(parameters)
  return parameters ~= nil and (parameters.charset == nil or lower(parameters.charset) == "utf-8")
end

--- Type, subtype and parameters; no parameters: they are malformed.
function M.read(text)
  local kind, subtype, after = match(text, "^([^/; \t]+)/([^/; \t]+)[ \t]*()")
  return lower(kind), lower(subtype), M.parameters(text, after)
end

return M
