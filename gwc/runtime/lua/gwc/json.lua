--- A strict reader of JSON (RFC 8259): no duplicate members, no invalid UTF-8, no lone surrogates, nothing after the value.
--
-- Objects and arrays are tables that `is_object` and `is_array` tell apart; null is `json.null`. Numbers that a double cannot
-- hold as a finite value are refused.
local M = {}

local byte, char, find, floor, match, sub = string.byte, string.char, string.find, math.floor, string.match, string.sub

local MAX_DEPTH = 30 -- objects and lists inside one another: what every engine takes
local OBJECT, ARRAY = {}, {}
local LITERALS = { t = { "true", true }, f = { "false", false } }

--- What `null` is read as.
M.null = setmetatable({}, { __tostring = function() return "null" end })
LITERALS.n = { "null", M.null }

function M.is_object(value)
  return type(value) == "table" and getmetatable(value) == OBJECT
end

function M.is_array(value)
  return type(value) == "table" and getmetatable(value) == ARRAY
end

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- Second byte allowed after a first byte (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
local LOWEST, HIGHEST = { [0xE0] = 0xA0, [0xF0] = 0x90 }, { [0xED] = 0x9F, [0xF4] = 0x8F }

--- The place after the character of several bytes at `at`; nil when it is not UTF-8.
local function after_character(text, at)
  local first = byte(text, at)
  if first < 0xC2 or first > 0xF4 then return nil end
  local second = byte(text, at + 1) or 0
  if second < (LOWEST[first] or 0x80) or second > (HIGHEST[first] or 0xBF) then return nil end
  if first < 0xE0 then return at + 2 end
  local third = byte(text, at + 2) or 0
  if third < 0x80 or third > 0xBF then return nil end
  if first < 0xF0 then return at + 3 end
  local fourth = byte(text, at + 3) or 0
  if fourth < 0x80 or fourth > 0xBF then return nil end
  return at + 4
end

local function is_utf8(text)
  local at = find(text, "[\128-\255]")
  while at do
    at = after_character(text, at)
    if at == nil then return false end
    at = find(text, "[\128-\255]", at)
  end
  return true
end

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

--- The character of the `\u` escape whose `u` is at `at`, and the place after it; nil for bad digits and lone surrogates.
local function unicode_escape(text, at)
  local digits = match(text, "^%x%x%x%x", at + 1)
  if digits == nil then return nil end
  local code = tonumber(digits, 16)
  if code < 0xD800 or code > 0xDFFF then return utf8(code), at + 5 end
  local low = code < 0xDC00 and match(text, "^\\u([dD][c-fC-F]%x%x)", at + 5)
  if not low then return nil end
  return utf8(0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00), at + 11
end

--- The text whose opening quote is at `at`, and the place after the closing one.
local function read_string(text, at)
  local parts, from = {}, at + 1
  while true do
    local stop = find(text, '[%c"\\]', from)
    if stop == nil then return nil end
    parts[#parts + 1] = sub(text, from, stop - 1)
    local found = sub(text, stop, stop)
    if found == '"' then return table.concat(parts), stop + 1 end
    local after
    if found == "\\" then
      local kind = sub(text, stop + 1, stop + 1)
      if kind == "u" then
        parts[#parts + 1], after = unicode_escape(text, stop + 1)
      else
        parts[#parts + 1], after = ESCAPES[kind], ESCAPES[kind] and stop + 2
      end
    elseif found == "\127" then -- %c takes DEL, JSON allows it
      parts[#parts + 1], after = found, stop + 1
    end
    if not after then return nil end
    from = after
  end
end

local function read_number(text, at)
  local whole = match(text, "^-?%d+", at)
  if whole == nil or find(whole, "^-?0%d") then return nil end
  local fraction = match(text, "^%.%d+", at + #whole) or ""
  local exponent = match(text, "^[eE][+-]?%d+", at + #whole + #fraction) or ""
  local number = tonumber(whole .. fraction .. exponent)
  if number == nil or number - number ~= 0 then return nil end -- infinite
  return number, at + #whole + #fraction + #exponent
end

local function skip(text, at)
  return (find(text, "[^ \t\r\n]", at)) or #text + 1
end

local read_value

local function read_array(text, at, depth)
  local out, count = setmetatable({}, ARRAY), 0
  at = skip(text, at + 1)
  if byte(text, at) == 93 then return out, at + 1 end -- ]
  while true do
    local value, after = read_value(text, at, depth)
    if after == nil then return nil end
    count = count + 1
    out[count] = value
    at = skip(text, after)
    local separator = byte(text, at)
    if separator == 93 then return out, at + 1 end
    if separator ~= 44 then return nil end
    at = skip(text, at + 1)
  end
end

--- Reads one member into `out`; returns the place after it.
local function read_member(text, at, depth, out)
  if byte(text, at) ~= 34 then return nil end -- "
  local name, after = read_string(text, at)
  if after == nil or rawget(out, name) ~= nil then return nil end
  at = skip(text, after)
  if byte(text, at) ~= 58 then return nil end -- :
  local value
  value, after = read_value(text, skip(text, at + 1), depth)
  if after == nil then return nil end
  out[name] = value
  return after
end

local function read_object(text, at, depth)
  local out = setmetatable({}, OBJECT)
  at = skip(text, at + 1)
  if byte(text, at) == 125 then return out, at + 1 end -- }
  while true do
    local after = read_member(text, at, depth, out)
    if after == nil then return nil end
    at = skip(text, after)
    local separator = byte(text, at)
    if separator == 125 then return out, at + 1 end
    if separator ~= 44 then return nil end
    at = skip(text, at + 1)
  end
end

--- The value at `at` and the place after it; no place: it is not JSON.
function read_value(text, at, depth)
  local first = sub(text, at, at)
  if (first == "{" or first == "[") and depth == MAX_DEPTH then return nil end
  if first == "{" then return read_object(text, at, depth + 1) end
  if first == "[" then return read_array(text, at, depth + 1) end
  if first == '"' then return read_string(text, at) end
  local literal = LITERALS[first]
  if literal == nil then return read_number(text, at) end
  if sub(text, at, at + #literal[1] - 1) ~= literal[1] then return nil end
  return literal[2], at + #literal[1]
end

M.is_utf8, M.after_character, M.unicode_escape = is_utf8, after_character, unicode_escape

--- The value, or nil when the text is not exactly one strict JSON value.
function M.decode(text)
  if not is_utf8(text) then return nil end
  local value, after = read_value(text, skip(text, 1), 0)
  if after == nil or skip(text, after) <= #text then return nil end
  return value
end

return M
