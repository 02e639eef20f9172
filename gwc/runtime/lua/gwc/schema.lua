--- What compiled schemas (gwc/jsonschema/lua.py) call, and how they are asked.
--
-- A schema is a function `f(v, c, p)` that returns whether the value v (gwc.json_value) fulfils it. Without a collector c it returns at the
-- first failure; with one it notes up to five, p being the JSON pointer of v.
local decimal = require "gwc.decimal"
local json_reader = require "gwc.json_reader"
local json_value = require "gwc.json_value"
local pattern = require "gwc.pattern"

local M = {}

local byte, concat, sort = string.byte, table.concat, table.sort
local next, type = next, type
local NULL, kind, number_key = json_value.null, json_value.kind, decimal.key

local MAX_FAILURES = 5

M.NULL, M.kind = NULL, kind
M.compare, M.integer, M.multiple, M.read = decimal.compare, decimal.is_integer, decimal.is_multiple, decimal.read
M.matches, M.pattern = pattern.matches, pattern.new

--- Notes a failure. Whether to stop here.
function M.stop(c, p, keyword)
  if c == nil then return true end
  local count = #c + 1
  if count > MAX_FAILURES then return true end
  c[count] = { place = c.place, pointer = p, keyword = keyword }
  return count == MAX_FAILURES
end

--- Whether to stop after failures that have been noted.
local function is_full(c)
  return c == nil or #c >= MAX_FAILURES
end
M.full = is_full

local known = {} -- function -> table -> verdict, while one value is judged

--- The same function, which judges no object or array twice: what a schema that refers to itself in several ways would do without end.
function M.remember(judge)
  return function(v, c, p)
    if type(v) ~= "table" then return judge(v, c, p) end
    local verdicts = known[judge]
    if verdicts == nil then
      verdicts = {}
      known[judge] = verdicts
    end
    local verdict = verdicts[v]
    if verdict == nil or (c and not verdict) then
      verdict = judge(v, c, p)
      if verdict or c == nil then verdicts[v] = verdict end
    end
    return verdict
  end
end

--- The verdict of a schema, after which nothing of the value is kept.
local function ask(schema, value, failures, pointer)
  local verdict = schema(value, failures, pointer)
  if next(known) then known = {} end
  return verdict
end

--- Whether the value fulfils the schema. What does not hold is added to `failures` as {place = place, pointer =, keyword =}, to at most five
-- in all; `pointer` is that of the value. A schema that gives no clear answer raises an error.
function M.judge(schema, value, failures, place, pointer)
  if ask(schema, value) == true then return true end
  local before = #failures
  if before >= MAX_FAILURES then return false end
  failures.place = place
  if ask(schema, value, failures, pointer) ~= false or #failures == before then error("a schema that neither holds nor fails") end
  return false
end

--- Code points of a text, which is UTF-8.
function M.length(text)
  local count = 0
  for i = 1, #text do
    local b = byte(text, i)
    if b < 128 or b > 191 then count = count + 1 end
  end
  return count
end

local write_key

local function write_array(value, out, count)
  for i = 1, #value do count = write_key(value[i], out, count) end
  return count
end

local function write_object(value, out, count)
  local names, size = {}, 0
  for name in next, value do
    if name ~= 0 then
      size = size + 1
      names[size] = name
    end
  end
  sort(names)
  for i = 1, size do
    local name = names[i]
    out[count + 1], out[count + 2], out[count + 3] = #name, ":", name
    count = write_key(value[name], out, count + 3)
  end
  return count
end

--- Adds texts to `out`, which has `count`; returns how many it has then. No value's texts are the beginning of another one's.
function write_key(value, out, count)
  local t = kind(value)
  if t == "string" then
    out[count + 1], out[count + 2], out[count + 3] = #value, '"', value
    return count + 3
  end
  if t == "object" or t == "array" then
    out[count + 1] = t == "object" and "{" or "["
    count = (t == "object" and write_object or write_array)(value, out, count + 1) + 1
    out[count] = "]"
    return count
  end
  local text = t == "null" and "null" or t == "boolean" and (value and "true" or "false") or number_key(value)
  out[count + 1], out[count + 2] = text, ","
  return count + 2
end

--- A text that equal values have in common, and no others.
local function key(value)
  local out = {}
  return concat(out, "", 1, write_key(value, out, 0))
end
M.key = key

--- Whether no two items are equal.
function M.unique(items)
  local seen, keys = {}, {}
  for i = 1, #items do
    local item, found = items[i], seen
    if type(item) == "table" then item, found = key(item), keys end
    if found[item] then return false end
    found[item] = true
  end
  return true
end

local huge = math.huge
local UNLIMITED = { jsonDepth = huge, jsonKeys = huge, arrayItems = huge, stringBytes = huge, numberCharacters = huge }

--- The set of the simple values of a JSON array.
function M.values(text)
  local set = {}
  for _, value in ipairs(assert(json_reader.decode(text, UNLIMITED))) do
    if type(value) ~= "table" or value == NULL then set[value] = true end
  end
  return set
end

--- The set of the keys of all other values of a JSON array.
function M.keys(text)
  local set = {}
  for _, value in ipairs(assert(json_reader.decode(text, UNLIMITED))) do
    if type(value) == "table" and value ~= NULL then set[key(value)] = true end
  end
  return set
end

--- Whether every member's name is in `names` or has one of `patterns` in it.
function M.known(object, names, patterns)
  for name in next, object do
    if name ~= 0 and not names[name] then
      local found = false
      for i = 1, #patterns do found = found or pattern.matches(patterns[i], name) end
      if not found then return false end
    end
  end
  return true
end

--- Whether every member's name fulfils the schema.
function M.names(object, schema)
  for name in next, object do
    if name ~= 0 and not schema(name) then return false end
  end
  return true
end

--- Whether the members or items that are not in `evaluated` fulfil the schema; `evaluated[0]`: all are evaluated.
function M.rest(value, evaluated, schema)
  if evaluated[0] then return true end
  for name, member in next, value do
    if name ~= 0 and not evaluated[name] and not schema(member) then return false end
  end
  return true
end

--- Notes why no alternative, or more than one, holds: the failures of the one that the discriminator names, else `keyword`. Whether to stop.
function M.told(c, p, keyword, v, name, numbers, functions)
  if c == nil then return true end
  local number = kind(v) == "object" and numbers[v[name]]
  if number and not functions[number](v, c, p) then return is_full(c) end
  return M.stop(c, p, keyword)
end

return M
