--- The texts of one parameter or field, as its style has them (docs/validation.md): split first, then decoded.
--
-- The result is {kind = "text", x}, {kind = "array", x, y ..} or {kind = "object", names = {..}, x, y ..}; nil: the text is not of the style.
-- reading: {style=, explode=, text=, array=, object= (what it may be), shape=}. decode: raw text -> text or nil.
local shape_of = require "gwc.shape"

local M = {}

local find, gsub, match, sub = string.find, string.gsub, string.match, string.sub

--- The parts of `raw` between delimiters, which are one character; at least one.
local function split(raw, delimiter)
  local parts, from = {}, 1
  while true do
    local stop = find(raw, delimiter, from, true)
    parts[#parts + 1] = sub(raw, from, (stop or 0) - 1)
    if stop == nil then return parts end
    from = stop + 1
  end
end

local function decoded(parts, decode, kind)
  local texts = { kind = kind }
  for i, part in ipairs(parts) do
    local text = decode(part)
    if text == nil then return nil end
    texts[i] = text
  end
  return texts
end

--- Name, text, name, text ..
local function alternating(parts, decode)
  if #parts % 2 ~= 0 then return nil end
  local all = decoded(parts, decode)
  if all == nil then return nil end
  local texts = { kind = "object", names = {} }
  for i = 1, #all / 2 do texts.names[i], texts[i] = all[2 * i - 1], all[2 * i] end
  return texts
end

--- name=text .. is_loose: a name alone has the empty text.
local function assigned(parts, decode, is_loose)
  local texts = { kind = "object", names = {} }
  for i, part in ipairs(parts) do
    local name, text = match(part, "^([^=]*)=(.*)$")
    if name == nil and is_loose then name, text = part, "" end
    if name == nil then return nil end
    texts.names[i], texts[i] = decode(name), decode(text)
    if texts.names[i] == nil or texts[i] == nil then return nil end
  end
  return texts
end

local function as_text(raw, decode)
  return decoded({ raw }, decode, "text")
end

--- The text when it is one of the types that the place takes, else nil.
local function fitting(reading, raw, decode)
  local texts = as_text(raw, decode)
  return texts and shape_of.fits(reading.shape, texts[1]) and texts or nil
end

--- Whether the text is to be taken apart; the second result is the text itself, when it is not.
local function as_structure(reading, raw, delimiter, decode)
  if not reading.array and not reading.object then return false, as_text(raw, decode) end
  if not reading.text or find(raw, delimiter, 1, true) then return true end
  local texts = fitting(reading, raw, decode)
  return texts == nil, texts
end

--- A raw text in which `delimiter` stands between the parts.
local function delimited(reading, raw, delimiter, decode)
  local is_structure, text = as_structure(reading, raw, delimiter, decode)
  if not is_structure then return text end
  local parts = split(raw, delimiter)
  if reading.array then return decoded(parts, decode, "array") end
  if reading.explode then return assigned(parts, decode) end
  return alternating(parts, decode)
end

--- Takes `name=` off; the empty text behind a name alone.
local function without_name(part, name, decode)
  local before, text = match(part, "^([^=]*)=(.*)$")
  if decode(before or part) ~= name then return nil end
  return text or ""
end

--- Every part is `name=text`.
local function repeated(parts, name, decode)
  local texts = {}
  for i, part in ipairs(parts) do
    texts[i] = without_name(part, name, decode)
    if texts[i] == nil then return nil end
  end
  return decoded(texts, decode, "array")
end

local function matrix(reading, name, raw, decode)
  if sub(raw, 1, 1) ~= ";" then return nil end
  local parts = split(sub(raw, 2), ";")
  if reading.explode and reading.object then return assigned(parts, decode, true) end
  if reading.explode and reading.array then
    local first = reading.text and parts[2] == nil and without_name(parts[1], name, decode)
    return first and fitting(reading, first, decode) or repeated(parts, name, decode)
  end
  local text = parts[2] == nil and without_name(parts[1], name, decode)
  return text and delimited(reading, text, ",", decode) or nil
end

local function label(reading, _, raw, decode)
  if sub(raw, 1, 1) ~= "." then return nil end
  return delimited(reading, sub(raw, 2), reading.explode and "." or ",", decode)
end

local function commas(reading, _, raw, decode)
  return delimited(reading, raw, ",", decode)
end

local STYLES = {
  simple = commas,
  form = commas,
  label = label,
  matrix = matrix,
  spaceDelimited = function(reading, _, raw, decode) return delimited(reading, gsub(raw, "%%20", "+"), "+", decode) end,
  pipeDelimited = function(reading, _, raw, decode) return delimited(reading, gsub(raw, "%%7[Cc]", "|"), "|", decode) end,
  deepObject = function(_, _, raw, decode) return as_text(raw, decode) end,
}

--- The texts in one raw text of parameter `name`.
function M.read(reading, name, raw, decode)
  return STYLES[reading.style](reading, name, raw, decode)
end

--- The texts of a parameter that is sent once for each item.
function M.read_exploded(reading, raws, decode)
  local text = reading.text and raws[2] == nil and fitting(reading, raws[1], decode)
  return text or decoded(raws, decode, "array")
end

--- The texts of a parameter whose members are parameters themselves. members: list of {name, raw text}, the names decoded.
function M.read_members(members, decode)
  local texts = { kind = "object", names = {} }
  for i, member in ipairs(members) do
    texts.names[i], texts[i] = member[1], decode(member[2])
    if texts[i] == nil then return nil end
  end
  return texts
end

return M
