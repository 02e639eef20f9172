--- The one grammar of the request target (gwc/controls/canonical_path.py), by hand: Lua patterns have no alternation.
local M = {}

local find, gmatch, match, sub, tonumber = string.find, string.gmatch, string.match, string.sub, tonumber

-- Characters that a segment may have as they are; the escapes are checked one by one.
local OUTSIDE_PATH = "[^A-Za-z0-9._~!$&'()*+,=:@/%%-]"
local OUTSIDE_MATRIX = "[^A-Za-z0-9._~!$&'()*+,;=:@/%%-]"
local OUTSIDE_QUERY = "[^A-Za-z0-9._~!$&'()*+,=:@/?;%[%]|%%-]"

--- Whether a byte may be written as an escape in a path: neither needless (unreserved) nor dangerous (dot, slash, backslash,
-- percent, semicolon, controls).
local function may_be_escaped(code)
  if code < 0x20 or code == 0x7F then return false end
  if code >= 0x80 then return true end
  return find(string.char(code), "[%w._~/\\%%;-]") == nil
end

local ESCAPABLE = {}
for code = 0, 255 do
  if may_be_escaped(code) then
    for _, form in ipairs { "%02x", "%02X" } do
      local digits = string.format(form, code)
      ESCAPABLE[digits] = true
      ESCAPABLE[sub(digits, 1, 1):upper() .. sub(digits, 2)] = true
      ESCAPABLE[sub(digits, 1, 1) .. sub(digits, 2):upper()] = true
    end
  end
end

--- matrix: segments may have semicolons; a dot segment before one is still a dot segment (Tomcat reads `..;x` so).
local function is_path(path, matrix)
  if sub(path, 1, 1) ~= "/" or find(path, "//", 1, true) or find(path, matrix and OUTSIDE_MATRIX or OUTSIDE_PATH) then return false end
  for digits in gmatch(path, "%%(.?.?)") do
    if not ESCAPABLE[digits] then return false end
  end
  return not (find(path, "/.", 1, true) and (find(path, "/%.%.?[/;]") or find(path, "/%.%.?$")))
end

local function is_query(query)
  if find(query, OUTSIDE_QUERY) then return false end
  for digits in gmatch(query, "%%(.?.?)") do
    if #digits ~= 2 or not tonumber(digits, 16) or find(digits, "%X") then return false end
  end
  return true
end

--- Whether the path has a semicolon in another segment than these; segments: numbers from 0.
function M.is_misplaced(path, segments)
  if not find(path, ";", 1, true) then return false end
  local number, allowed = 0, {}
  for _, index in ipairs(segments) do allowed[index] = true end
  for segment in gmatch(path, "/([^/]*)") do
    if not allowed[number] and find(segment, ";", 1, true) then return true end
    number = number + 1
  end
  return false
end

--- nil, or the reason: `normalise.uri` for a target that is too long, `normalise.path` for one outside the grammar. matrix: that with
-- semicolons, which stand in the right segments only when `is_misplaced` says so.
function M.check(target, max_uri_bytes, matrix)
  if #target > max_uri_bytes then return "normalise.uri" end
  local path, query = match(target, "^([^?]*)%??(.*)$")
  if path == nil or not is_path(path, matrix) or not is_query(query) then return "normalise.path" end
  return nil
end

return M
