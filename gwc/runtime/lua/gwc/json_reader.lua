--- A strict reader of JSON (RFC 8259) within limits: UTF-8 only, no duplicate members, no lone surrogates, nothing after the value.
--
-- Values as in gwc.json_value. Reading never yields, so that the state of the text at hand is the module's.
local decimal = require "gwc.decimal"
local json = require "gwc.json"
local json_value = require "gwc.json_value"

local M = {}

local byte, sub = string.byte, string.sub
local concat = table.concat
local after_character, unicode_escape = json.after_character, json.unicode_escape
local NULL, read_literal = json_value.null, decimal.read

local text -- with a NUL behind it, which no JSON has: no place is ever beyond its end
local members_left, max_depth, max_items, max_bytes, max_characters
local fault_kind, fault_name

--- Always nil: no value, and no place after it.
local function fault(kind, name)
  fault_kind, fault_name = kind, name
  return nil
end

local function bad()
  return fault("syntax", "json")
end

local ESCAPES = { [34] = '"', [92] = "\\", [47] = "/", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }

--- The character of the escape whose backslash is at `at`, and the place after it.
local function read_escape(at)
  local kind = byte(text, at + 1)
  if kind == 117 then return unicode_escape(text, at + 1) end -- u
  return ESCAPES[kind], at + 2
end

--- The place of the first byte from `at` that ends a run of plain characters: a quote, a backslash or a control. nil: not UTF-8.
local function after_run(at)
  local c = byte(text, at)
  while true do
    while c >= 32 and c < 128 and c ~= 34 and c ~= 92 do
      at = at + 1
      c = byte(text, at)
    end
    if c < 128 then return at, c end
    at = after_character(text, at)
    if at == nil then return nil end
    c = byte(text, at)
  end
end

local function within_bytes(value, after)
  if #value > max_bytes then return fault("limits", "stringBytes") end
  return value, after
end

--- The rest of a string with an escape at `stop`; `from` is its first character.
local function read_escaped(from, stop)
  local parts, count = {}, 0
  local c = 92
  while c == 92 do
    parts[count + 1] = sub(text, from, stop - 1)
    count = count + 2
    parts[count], from = read_escape(stop)
    if parts[count] == nil then return bad() end
    stop, c = after_run(from)
  end
  if c ~= 34 then return bad() end
  parts[count + 1] = sub(text, from, stop - 1)
  return within_bytes(concat(parts), stop + 1)
end

--- The string whose first character is at `at`, and the place after its closing quote.
local function read_string(at)
  local stop, c = at, byte(text, at)
  while c >= 32 and c < 128 and c ~= 34 and c ~= 92 do
    stop = stop + 1
    c = byte(text, stop)
  end
  if c >= 128 then stop, c = after_run(stop) end
  if c == 34 then
    if stop - at > max_bytes then return fault("limits", "stringBytes") end
    return sub(text, at, stop - 1), stop + 1
  end
  if c == 92 then return read_escaped(at, stop) end
  return bad()
end

--- The place after the digits from `at` on and the byte there; `value` followed by the digits, which is exact up to 15 digits.
local function after_digits(at, value)
  local c = byte(text, at)
  while c >= 48 and c <= 57 do
    value = value * 10 + c - 48
    at = at + 1
    c = byte(text, at)
  end
  return at, c, value
end

--- The place after the exponent whose `e` is at `at`; nil without a digit.
local function after_exponent(at)
  local c = byte(text, at + 1)
  local from = (c == 43 or c == 45) and at + 2 or at + 1
  local stop = after_digits(from, 0)
  if stop == from then return nil end
  return stop
end

local function read_exact(at, after)
  local value = read_literal(sub(text, at, after - 1), max_characters)
  if value == nil then return fault("syntax", "number") end
  return value, after
end

local POWERS = { 10 } -- exact as doubles, so that dividing a whole number by one rounds once, as reading the literal does
for i = 2, 15 do POWERS[i] = POWERS[i - 1] * 10 end

--- The number at `at`, whose first byte is `c`.
local function read_number(at, c)
  local from = c == 45 and at + 1 or at -- -
  local stop, value, places = from, nil, 0
  stop, c, value = after_digits(from, 0)
  if stop == from or (stop - from > 1 and byte(text, from) == 48) then return bad() end
  if c == 46 then -- .
    local point = stop
    stop, c, value = after_digits(point + 1, value)
    places = stop - point - 1
    if places == 0 then return bad() end
  end
  if c == 101 or c == 69 then -- e E
    stop = after_exponent(stop)
    if stop == nil then return bad() end
    return read_exact(at, stop)
  end
  if stop - from > 15 then return read_exact(at, stop) end
  if places > 0 then value = value / POWERS[places] end
  return from == at and value or 0 - value, stop
end

local function read_word(at, c)
  if c == 116 and sub(text, at, at + 3) == "true" then return true, at + 4 end
  if c == 102 and sub(text, at, at + 4) == "false" then return false, at + 5 end
  if c == 110 and sub(text, at, at + 3) == "null" then return NULL, at + 4 end
  return bad()
end

--- The next place from `at` on that is no white space, and its byte.
local function skip(at)
  local c = byte(text, at)
  while c == 32 or c == 10 or c == 13 or c == 9 do
    at = at + 1
    c = byte(text, at)
  end
  return at, c
end

local read_value

local function read_array(at, depth)
  if depth > max_depth then return fault("limits", "jsonDepth") end
  local out, count, c = { [0] = false }, 0, nil
  at, c = skip(at)
  if c == 93 then return out, at + 1 end -- ]
  while true do
    if count >= max_items then return fault("limits", "arrayItems") end
    count = count + 1
    out[count], at = read_value(at, c, depth)
    if at == nil then return nil end
    at, c = skip(at)
    if c == 93 then return out, at + 1 end
    if c ~= 44 then return bad() end
    at, c = skip(at + 1)
  end
end

--- Reads the member whose opening quote is before `at` into `out`; returns the place after it.
local function read_member(out, at, depth)
  local name, c
  name, at = read_string(at)
  if at == nil then return nil end
  if out[name] ~= nil then return bad() end
  at, c = skip(at)
  if c ~= 58 then return bad() end -- :
  at, c = skip(at + 1)
  out[name], at = read_value(at, c, depth)
  return at
end

local function read_object(at, depth)
  if depth > max_depth then return fault("limits", "jsonDepth") end
  local out, count, c = { [0] = 0 }, 0, nil
  at, c = skip(at)
  if c == 125 then return out, at + 1 end -- }
  while true do
    if c ~= 34 then return bad() end
    if members_left <= 0 then return fault("limits", "jsonKeys") end
    members_left = members_left - 1
    count = count + 1
    at = read_member(out, at + 1, depth)
    if at == nil then return nil end
    at, c = skip(at)
    if c == 125 then break end
    if c ~= 44 then return bad() end
    at, c = skip(at + 1)
  end
  out[0] = count
  return out, at + 1
end

--- The value at `at`, whose first byte is `c`, and the place after it; no place: a fault.
function read_value(at, c, depth)
  if c == 34 then return read_string(at + 1) end
  if c == 123 then return read_object(at + 1, depth + 1) end
  if c == 91 then return read_array(at + 1, depth + 1) end
  if c == 45 or (c >= 48 and c <= 57) then return read_number(at, c) end
  return read_word(at, c)
end

--- The value; or nil, "syntax", "json" | "number" (beyond the range); or nil, "limits" and the name of the limit.
--
-- limits: {jsonDepth = objects and arrays inside one another (at most 64), jsonKeys = members of all objects together, arrayItems = items of
-- one array, stringBytes = bytes of one string or name, numberCharacters = of one number, for constants of gwc only: else 1,000}.
function M.decode(source, limits)
  text = source .. "\0"
  members_left, max_depth, max_items, max_bytes = limits.jsonKeys, limits.jsonDepth, limits.arrayItems, limits.stringBytes
  max_characters = limits.numberCharacters
  local at, c = skip(1)
  local value
  value, at = read_value(at, c, 0)
  if at ~= nil and skip(at) ~= #source + 1 then at = bad() end
  text = nil
  if at == nil then return nil, fault_kind, fault_name end
  return value
end

return M
