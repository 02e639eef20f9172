--- The answer to one GET over HTTP/1.1 (RFC 9112), read strictly: what could be understood in two ways counts as none.
local trimmed = require "gwc.trimmed"

local M = {}

local find, gmatch, lower, match, sub, tonumber = string.find, string.gmatch, string.lower, string.match, string.sub, tonumber

local MAX_HEAD_BYTES = 32 * 1024
local MAX_LINE_BYTES = 1024 -- of a chunk

--- Name in lower case -> value; nil when a line is no field, or one of those that frame the body is there twice.
local function fields_of(lines)
  local fields = {}
  for line in gmatch(lines, "(.-)\r\n") do
    local name, value = match(line, "^([%w!#$%%&'*+.^_`|~-]+):(.*)$")
    if name == nil or find(value, "[%z\r\n]") then return nil end
    name = lower(name)
    if fields[name] and (name == "content-length" or name == "transfer-encoding") then return nil end
    fields[name] = trimmed(value)
  end
  return fields
end

--- Bytes of the chunk that the line begins, nil for another line.
local function chunk_size(line)
  local digits, rest = match(line, "^(%x+)[ \t]*(.*)$")
  if digits == nil or #digits > 8 or find(rest, "^[^;]") or find(rest, "%c") then return nil end
  return tonumber(digits, 16)
end

--- The body of chunks that begin at `at`, nil when there is more to come, false for a bad one. It is whole with the last chunk.
local function chunked(text, at)
  local parts = {}
  while true do
    local stop = find(text, "\r\n", at, true)
    if stop == nil then
      if #text - at > MAX_LINE_BYTES then return false end
      return nil
    end
    local size = chunk_size(sub(text, at, stop - 1))
    if size == nil then return false end
    local after = stop + 2 + size
    if size == 0 then return find(text, "\r\n", after, true) and table.concat(parts) or nil end
    if #text < after + 1 then return nil end
    if sub(text, after, after + 1) ~= "\r\n" then return false end
    parts[#parts + 1] = sub(text, stop + 2, after - 1)
    at = after + 2
  end
end

local function sized(text, at, length)
  if not find(length, "^%d+$") or #length > 9 then return false end
  local stop = at + tonumber(length) - 1
  return #text >= stop and sub(text, at, stop) or nil
end

local function body(fields, text, at, is_closed)
  local coding, length = fields["transfer-encoding"], fields["content-length"]
  if (coding and length) or (fields["content-encoding"] or "identity") ~= "identity" then return false end
  if coding then return lower(coding) == "chunked" and chunked(text, at) end
  if length then return sized(text, at, length) end
  return is_closed and sub(text, at) or nil
end

--- The body of an answer with status 200, nil while more of it is to come, false when there will be none. text: all bytes so far.
function M.parse(text, is_closed)
  local _, stop = find(text, "\r\n\r\n", 1, true)
  if stop == nil then
    if #text > MAX_HEAD_BYTES then return false end
    return nil
  end
  local line, lines = match(sub(text, 1, stop - 2), "^(.-\r\n)(.*)$")
  if not find(line, "^HTTP/1%.[01] 200[ \r]") then return false end
  local fields = fields_of(lines)
  if fields == nil then return false end
  return body(fields, text, stop + 1, is_closed)
end

return M
