--- Bodies of fields (docs/validation.md): urlencoded forms and multipart/form-data as one object, for the schema to judge.
--
-- Readers return the object; or nil and {kind = "syntax" | "limits", keyword=}; or nil and {kind = "body", failures=}.
local json = require "gwc.json"
local json_reader = require "gwc.json_reader"
local media_type = require "gwc.media_type"
local multipart = require "gwc.multipart"
local parameters = require "gwc.parameters"
local percent = require "gwc.percent"
local reading_of = require "gwc.reading"
local shape_of = require "gwc.shape"

local M = {}

local NOBODY = {}

local function refused(kind, keyword) return nil, { kind = kind, keyword = keyword } end

local function decode(text) return percent.decode(text, true) end

--- The limit that the parts are beyond, or nil.
local function limit_of(parts, limits)
  if #parts > limits.jsonKeys then return "jsonKeys" end
  for _, part in ipairs(parts) do
    if #part[1] > limits.stringBytes then return "stringBytes" end
  end
  return nil
end

--- Collects members of the object, and what keeps them from being read.
local function new_result()
  return { object = { [0] = 0 }, failures = {} }
end

local function add(result, name, pointer, value, keyword)
  assert(keyword or value ~= nil, "a field without a value")
  if keyword == nil and result.object[name] ~= nil then keyword = "repeated" end
  if keyword then
    result.failures[#result.failures + 1] = { place = "body", pointer = pointer, keyword = keyword }
  else
    result.object[name] = value
    result.object[0] = result.object[0] + 1
  end
end

local function finished(result)
  if result.failures[1] then return nil, { kind = "body", failures = result.failures } end
  return result.object
end

--- Adds the undeclared fields by the first appearance of their names; they have one failure, the first one. read: list -> value, or nil and keyword.
local function add_others(result, others, read)
  local lists, names = {}, {}
  for _, part in ipairs(others) do
    local name = part[1]
    if lists[name] == nil then lists[name], names[#names + 1] = {}, name end
    lists[name][#lists[name] + 1] = part[2]
  end
  for _, name in ipairs(names) do
    local before = #result.failures
    add(result, name, "", read(lists[name], name))
    if #result.failures > before then return end
  end
end

local function field_value(field, sent, name, limits)
  if field.reading.style == "json" then return reading_of.json_field(field.reading, sent.own, decode, limits) end
  return reading_of.value(field.reading, name, sent, decode, limits)
end

--- The object of an urlencoded form.
function M.urlencoded(form, text, limits)
  local parts = parameters.parts(text)
  for i = 1, #parts do
    if parts[i][1] == nil then return refused("syntax", "form") end
  end
  local limit = limit_of(parts, limits)
  if limit then return refused("limits", limit) end
  local result, sent, others = new_result(), parameters.dealt(form.claims, #form.fields, parts, NOBODY)
  for i, field in ipairs(form.fields) do
    if sent[i].own[1] or sent[i].members[1] then
      add(result, field.name, field.pointer, field_value(field, sent[i], field.name, limits))
    end
  end
  add_others(result, others, function(own, name) return field_value(form.rest, { own = own, members = NOBODY }, name, limits) end)
  return finished(result)
end

local function takes(ranges, kind, subtype)
  for _, range in ipairs(ranges) do
    if media_type.is_within(range, kind, subtype) then return true end
  end
  return false
end

--- The text of a part; nil and the keyword.
local function text_of(part, limits)
  if not json.is_utf8(part.value) then return nil, "style" end
  if #part.value > limits.stringBytes then return nil, "stringBytes" end
  return part.value
end

--- The value of one part at a place with `shape`; nil and the keyword.
local function part_value(field, part, shape, limits)
  local kind, subtype, found = media_type.read(part.content_type or "text/plain")
  if field.media_types[1] and not takes(field.media_types, kind, subtype) then return nil, "contentType" end
  if field.reading.style == "binary" then return "" end
  if not media_type.is_utf8(found) then return nil, "style" end
  if field.reading.style == "json" then
    local value, _, keyword = json_reader.decode(part.value, limits)
    return value, keyword
  end
  local text, keyword = text_of(part, limits)
  if keyword then return nil, keyword end
  return shape_of.read(shape, text)
end

--- Whether the text of the only part is an item of a list.
local function is_item(reading, part, limits)
  if not reading.array or reading.style == "json" or reading.style == "binary" then return false end
  local text = reading.text and text_of(part, limits)
  return not (text and shape_of.fits(reading.shape, text))
end

local function parts_value(field, list, limits)
  local reading = field.reading
  if list[2] ~= nil and not reading.array then return nil, "repeated" end
  if #list > limits.arrayItems then return nil, "arrayItems" end
  local values, is_list = { [0] = false }, list[2] ~= nil or is_item(reading, list[1], limits)
  for i, part in ipairs(list) do
    local value, keyword = part_value(field, part, is_list and shape_of.item(reading.shape, i) or reading.shape, limits)
    if keyword then return nil, keyword end
    values[i] = value
  end
  if is_list then return values end
  return reading_of.list_or_one(reading, values)
end

--- The object of multipart/form-data. found: parameters of the media type, nil: malformed.
function M.multipart(form, text, found, limits)
  local parts, failure = multipart.read(text, found and found.boundary, limits.jsonKeys)
  if failure then return refused("limits", "jsonKeys") end
  if parts == nil then return refused("syntax", "multipart") end
  local lists, others, result = {}, {}, new_result()
  for _, part in ipairs(parts) do
    if #part.name > limits.stringBytes then return refused("limits", "stringBytes") end
    local numbers = form.claims.own[part.name]
    if numbers then
      local list = lists[part.name] or {}
      list[#list + 1], lists[part.name] = part, list
    else
      others[#others + 1] = { part.name, part }
    end
  end
  for _, field in ipairs(form.fields) do
    local list = lists[field.name]
    if list then add(result, field.name, field.pointer, parts_value(field, list, limits)) end
  end
  add_others(result, others, function(list) return parts_value(form.rest, list, limits) end)
  return finished(result)
end

local function prepared(plain, shapes)
  return {
    name = plain.name, pointer = parameters.pointer(plain.name), media_types = plain.mediaTypes, takes_rest = false,
    reading = reading_of.prepare(plain, shapes, true),
  }
end

--- A form of the plan: {fields=, rest=, claims=, schema=}.
function M.prepare(plain, shapes)
  local form = { fields = {}, rest = prepared(plain.rest, shapes), schema = plain.schema }
  for i, field in ipairs(plain.fields) do form.fields[i] = prepared(field, shapes) end
  form.claims = parameters.claims(form.fields)
  return form
end

return M
