--- `multipart/form-data` (RFC 7578, RFC 2046 5.1.1), strictly: what two readers could take apart in two ways is refused.
--
-- No text before the first delimiter, none behind the last one but a line break, lines end with CRLF, and the delimiter's text stands
-- nowhere else. Each part has exactly one Content-Disposition `form-data` with a name; no backslash in a quoted text, no `filename*`; no parts inside of parts.
local json = require "gwc.json"
local media_type = require "gwc.media_type"
local trimmed = require "gwc.trimmed"

local M = {}

local find, gmatch, lower, match, sub = string.find, string.gmatch, string.lower, string.match, string.sub

local MAX_BOUNDARY = 70
local FIELD_NAME = "^[%w!#$%%&'*+.^_`|~-]+$"
local PLAIN_CODINGS = { ["7bit"] = true, ["8bit"] = true, binary = true }

--- Whether the boundary is one of RFC 2046.
local function is_boundary(text)
  return text ~= nil and #text >= 1 and #text <= MAX_BOUNDARY and not find(text, "[^%w'()+_,./:=? -]") and not find(text, " $")
end

--- Name -> value of the lines; nil when one is malformed, or stands there twice. text: the lines, each with its CRLF.
local function fields_of(text)
  local found = {}
  for line in gmatch(text, "(.-)\r\n") do
    local name, value = match(line, "^([^:]*):(.*)$")
    if name == nil or not find(name, FIELD_NAME) or find(line, "[%z\1-\8\10-\31\127]") then return nil end
    name = lower(name)
    if found[name] ~= nil then return nil end
    found[name] = trimmed(value)
  end
  return found
end

--- Name of the field and whether there is a file name; nil when the disposition is not clear.
local function disposition_of(value)
  local kind, after = match(value or "", "^([^; \t]+)[ \t]*()")
  if kind == nil or lower(kind) ~= "form-data" or find(value, "\\", 1, true) then return nil end
  local parameters = media_type.parameters(value, after)
  if parameters == nil then return nil end
  local name = parameters.name
  if name == nil or not json.is_utf8(name) then return nil end
  return name, parameters.filename ~= nil
end

--- Whether a part has one well-formed type, and no parts of its own: some readers take those for fields.
local function is_clear(text)
  if not media_type.is_type(text) then return false end
  local kind, _, parameters = media_type.read(text)
  return parameters ~= nil and kind ~= "multipart"
end

--- The part between two delimiters, or nil.
local function part_of(text, from, to)
  if sub(text, from, from + 1) == "\r\n" then return nil end -- without fields it has no name
  local blank = find(text, "\r\n\r\n", from, true)
  if blank == nil or blank + 3 > to then return nil end
  local fields = fields_of(sub(text, from, blank + 1))
  if fields == nil then return nil end
  local coding = fields["content-transfer-encoding"]
  if coding and not PLAIN_CODINGS[lower(coding)] then return nil end
  local name, is_file = disposition_of(fields["content-disposition"])
  if name == nil or not is_clear(fields["content-type"] or "text/plain") then return nil end
  return { name = name, is_file = is_file, content_type = fields["content-type"], value = sub(text, blank + 4, to) }
end

--- The parts in their order: list of {name=, is_file=, content_type= or nil, value=}; nil when the text is malformed, nil and "limit" when
-- there are more than `most`. boundary: the parameter of the media type.
function M.read(text, boundary, most)
  if not is_boundary(boundary) then return nil end
  local delimiter, parts = "\r\n--" .. boundary, {}
  local first = sub(delimiter, 3)
  if sub(text, 1, #first) ~= first then return nil end
  local at = #first + 1
  while sub(text, at, at + 1) == "\r\n" do
    local stop = find(text, delimiter, at + 2, true)
    local part = stop and part_of(text, at + 2, stop - 1)
    if not part then return nil end
    parts[#parts + 1], at = part, stop + #delimiter
    if #parts > most then return nil, "limit" end
  end
  local rest = sub(text, at)
  if (rest ~= "--" and rest ~= "--\r\n") or parts[1] == nil then return nil end
  return parts
end

return M
