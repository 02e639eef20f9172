--- What texts of parameters and forms may become: shapes (gwc/controls/json_schema.py), and one text as a value (docs/validation.md).
local decimal = require "gwc.decimal"
local json_value = require "gwc.json_value"

local M = {}

local find, match = string.find, string.match

--- Whether the text is a number of JSON.
local function is_number(text)
  local at = match(text, "^-?%d+()")
  if at == nil or find(text, "^-?0%d") then return false end
  at = match(text, "^%.%d+()", at) or at
  at = match(text, "^[eE][+-]?%d+()", at) or at
  return at == #text + 1
end

--- The number, boolean or null that the text is where the shape has such a type; nil, and `number` when it is one out of range.
local function read_other(shape, text)
  if shape.numeric and is_number(text) then
    local number = decimal.read(text)
    if number == nil then return nil, "number" end
    if shape.fractions or decimal.is_integer(number) then return number end
  end
  if shape.boolean and (text == "true" or text == "false") then return text == "true" end
  if shape.null and text == "null" then return json_value.null end
  return nil
end

--- The value of a decoded text; nil and `number`.
function M.read(shape, text)
  local value, fault = read_other(shape, text)
  if fault then return nil, fault end
  if value == nil then return text end
  return value
end

--- Whether the text is a value of one of the types.
function M.fits(shape, text)
  return shape.string or read_other(shape, text) ~= nil
end

--- The shape of item `index`, from 1.
function M.item(shape, index)
  return shape.prefix[index] or shape.items
end

function M.member(shape, name)
  return shape.members[name] or shape.additional
end

local function types_of(plain)
  local types = {}
  for _, name in ipairs(plain.types) do types[name] = true end
  return types
end

local function fill(shape, plain, at)
  for i, number in ipairs(plain.prefix) do shape.prefix[i] = at(number) end
  for i, property in ipairs(plain.properties) do
    shape.names[i], shape.members[property[1]] = property[1], at(property[2])
  end
  shape.items, shape.additional = at(plain.items), at(plain.additional)
end

--- A function from the number of a shape to the shape: {numeric=, fractions=, boolean=, null=, string=, array= (of types), prefix=, items=,
-- members = name -> shape, names = of the members in order, additional=}. list: the shapes of the plan.
function M.new(list)
  local shapes = {}
  for i, plain in ipairs(list) do
    local types = types_of(plain)
    shapes[i] = {
      numeric = types.number or types.integer, fractions = types.number, boolean = types.boolean, null = types.null, string = types.string,
      array = types.array, prefix = {}, members = {}, names = {},
    }
  end
  local function at(number) return assert(shapes[number + 1], "a shape that is not there") end
  for i, plain in ipairs(list) do fill(shapes[i], plain, at) end
  return at
end

return M
