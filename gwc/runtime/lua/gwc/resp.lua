--- The protocol of Redis, version 2: commands as text, and the first reply of a text. Free of any gateway.
local M = {}

local concat, find, match, sub, tonumber = table.concat, string.find, string.match, string.sub, tonumber

M.MAX_BYTES = 16 * 1024 -- of a reply
local MAX_ITEMS = 1024

--- A command with its arguments, which may have any bytes.
function M.command(arguments)
  local out = { "*" .. #arguments .. "\r\n" }
  for i, argument in ipairs(arguments) do
    local text = tostring(argument)
    out[i + 1] = "$" .. #text .. "\r\n" .. text .. "\r\n"
  end
  return concat(out)
end

local read

--- A length or number: digits only, so many that a double holds them.
local function number(text)
  return match(text, "^-?%d%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?$") and tonumber(text) or nil
end

local function bulk(text, at, length)
  if length == nil or length < 0 or length > M.MAX_BYTES then return false end -- a missing value is never an answer to us
  local stop = at + length
  if #text < stop + 1 then return nil end
  if sub(text, stop, stop + 1) ~= "\r\n" then return false end
  return { kind = "text", value = sub(text, at, stop - 1) }, stop + 2
end

local function array(text, at, count)
  if count == nil or count < 0 or count > MAX_ITEMS then return false end
  local items = {}
  for i = 1, count do
    if sub(text, at, at) == "*" then return false end -- none of our answers has a list in a list
    local item, after = read(text, at)
    if not item then return item end
    items[i], at = item, after
  end
  return { kind = "list", value = items }, at
end

--- The reply that begins at `at`, and the place after it; nil: there is more to come; false: this is no reply that we could get.
function read(text, at)
  local stop = find(text, "\r\n", at, true)
  if stop == nil then return nil end
  local kind, line = sub(text, at, at), sub(text, at + 1, stop - 1)
  if kind == "+" then return { kind = "text", value = line }, stop + 2 end
  if kind == "-" then return { kind = "error", value = line }, stop + 2 end
  if kind == ":" then
    local value = number(line)
    if value == nil then return false end
    return { kind = "number", value = value }, stop + 2
  end
  if kind == "$" then return bulk(text, stop + 2, number(line)) end
  if kind == "*" then return array(text, stop + 2, number(line)) end
  return false
end

--- The reply {kind = "text" | "number" | "error" | "list", value=} that the text is, exactly; nil: more is to come; false: it never will be one.
function M.parse(text)
  if #text > M.MAX_BYTES then return false end
  local found, after = read(text, 1)
  if not found then return found end
  return after == #text + 1 and found or false -- nobody asked for a second one
end

return M
