--- From the texts of a parameter or field to its value (docs/validation.md), for the schema to judge.
--
-- sent: what was sent of it: {own = list of raw texts under its own name, members = list of {decoded name, raw text}}.
local deep_object = require "gwc.deep_object"
local json_reader = require "gwc.json_reader"
local shape_of = require "gwc.shape"
local style = require "gwc.style"

local M = {}

local function is_repeated(members)
  local seen = {}
  for _, member in ipairs(members) do
    if seen[member[1]] then return true end
    seen[member[1]] = true
  end
  return false
end

--- Several texts where one is expected.
local function repetition(reading, sent)
  if reading.style == "deepObject" then return #sent.own > 1 end
  if reading.in_members then return #sent.own > 1 or is_repeated(sent.members) end
  return #sent.own > 1 and not reading.in_texts
end

--- The texts; nil: they are not of the style.
local function texts_of(reading, name, sent, decode)
  if not reading.has_members or sent.members[1] == nil then
    if reading.in_texts then return style.read_exploded(reading, sent.own, decode) end
    if reading.has_members then return style.read(reading.as_text, name, sent.own[1], decode) end
    return style.read(reading, name, sent.own[1], decode)
  end
  if sent.own[1] then return nil end
  if reading.style == "deepObject" then return deep_object.read(name, sent.members, decode) end
  return style.read_members(sent.members, decode)
end

local function is_within(texts, most)
  for i, text in ipairs(texts) do
    if #text > most or (texts.names and #texts.names[i] > most) then return false end
  end
  return true
end

local function array_of(texts, shape, limits)
  if #texts > limits.arrayItems then return nil, "arrayItems" end
  local array = { [0] = false }
  for i, text in ipairs(texts) do
    local value, fault = shape_of.read(shape_of.item(shape, i), text)
    if fault then return nil, fault end
    array[i] = value
  end
  return array
end

local function object_of(texts, shape, limits)
  local object = { [0] = #texts }
  for i, name in ipairs(texts.names) do
    if object[name] ~= nil then return nil, "style" end
    object[name] = texts[i]
  end
  if #texts > limits.jsonKeys then return nil, "jsonKeys" end
  for i, name in ipairs(texts.names) do
    local value, fault = shape_of.read(shape_of.member(shape, name), texts[i])
    if fault then return nil, fault end
    object[name] = value
  end
  return object
end

local function value_of(texts, shape, limits)
  if texts.kind == "deep" then return deep_object.value(texts, shape, limits) end
  if not is_within(texts, limits.stringBytes) then return nil, "stringBytes" end
  if texts.kind == "array" then return array_of(texts, shape, limits) end
  if texts.kind == "object" then return object_of(texts, shape, limits) end
  return shape_of.read(shape, texts[1])
end

--- The value of strict JSON; nil and the keyword.
local function json_of(raw, decode, limits)
  local text = decode(raw)
  if text == nil then return nil, "style" end
  local value, _, keyword = json_reader.decode(text, limits)
  return value, keyword
end

--- The value, of which something was sent; nil and the keyword. decode: raw text -> text or nil.
function M.value(reading, name, sent, decode, limits)
  if repetition(reading, sent) then return nil, "repeated" end
  if reading.style == "json" then return json_of(sent.own[1], decode, limits) end
  local texts = texts_of(reading, name, sent, decode)
  if texts == nil then return nil, "style" end
  return value_of(texts, reading.shape, limits)
end

--- The values of fields whose texts are JSON; nil and the keyword.
function M.json_field(reading, texts, decode, limits)
  if texts[2] ~= nil and not reading.array then return nil, "repeated" end
  local values = { [0] = false }
  for i, text in ipairs(texts) do
    local value, keyword = json_of(text, decode, limits)
    if keyword then return nil, keyword end
    values[i] = value
  end
  return M.list_or_one(reading, values)
end

--- One value stands for itself, unless only a list may be there.
function M.list_or_one(reading, values)
  local first = values[1]
  if values[2] ~= nil then return values end
  local is_list = type(first) == "table" and first[0] == false
  if is_list or reading.text or reading.object then return first end
  return values
end

--- Completes a reading of the plan. is_spread: in a query or a form, where members are parameters of their own.
function M.prepare(plain, shapes, is_spread)
  local is_deep = plain.style == "deepObject"
  is_spread = is_spread and plain.style ~= "json" and plain.style ~= "binary"
  local in_members = is_spread and plain.style == "form" and plain.explode and plain.object
  local reading = {
    style = plain.style, explode = plain.explode, text = plain.text, array = plain.array, object = plain.object, shape = shapes(plain.shape),
    in_members = in_members, has_members = is_deep or in_members,
    in_texts = is_spread and plain.explode and plain.array and not is_deep,
  }
  reading.as_text = { style = plain.style, text = true, shape = reading.shape }
  return reading
end

return M
