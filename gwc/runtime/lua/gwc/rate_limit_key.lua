--- By what a limit counts a request (gwc/controls/rate_limit_key.py): one text for the values of all parts of its key.
--
-- Each part is absent, a text or a list of texts; what it is and how long is written before it, so that no two different lists of values have the
-- same text. Free of any gateway.
local authorization = require "gwc.authorization"
local carrier = require "gwc.carrier"
local json_value = require "gwc.json_value"
local zone = require "gwc.zone"

local M = {}

local abs, concat, format, sub, type = math.abs, table.concat, string.format, string.sub, type

local ABSENT = "-"
local MAX_WHOLE_NUMBER = 2 ^ 53 - 1
local HASH_DIGITS = 32 -- of SHA-256: nobody finds another value for the key of somebody else

--- The canonical text of a text, a boolean or a whole number up to 2^53 - 1; nil for anything else (no decimal of a body is such a number).
local function text_of(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return value and "true" or "false" end
  if kind == "number" and abs(value) <= MAX_WHOLE_NUMBER and value % 1 == 0 then return format("%d", value) end
  return nil
end

--- The member of a body by its path.
local function member(value, path)
  for _, name in ipairs(path) do
    if value == nil or json_value.kind(value) ~= "object" then return nil end
    value = value[name]
  end
  return value
end

-- kind -> function(part, facts, core) that gives a text, a list of texts or nil.
local READERS = {
  client = function(part, facts)
    local address = zone.bytes(facts.r.client)
    if address == nil then return facts.r.client end -- a socket of the file system
    return #address == 4 and address or zone.prefix(address, part.ipv6_prefix)
  end,
  consumer = function(_, facts) return facts.verified.consumer end,
  claim = function(part, facts, core) return text_of(authorization.claim(core, facts.verified, part.name)) end,
  path = function(part, facts) return authorization.parameter(facts.path, assert(facts.places[part.name], "a parameter without a place")) end,
  header = function(part, facts) return facts.r.header(part.name) end,
  cookie = function(part, facts) return carrier.cookie_values(part.name, facts.r.header("cookie")) end,
  body = function(part, facts) return text_of(member(facts.body, part.path)) end,
}

local function written_text(text)
  return "t" .. #text .. ":" .. text
end

local function written(value)
  if value == nil then return ABSENT end
  if type(value) == "string" then return written_text(value) end
  if value[1] == nil then return ABSENT end
  local out = { "l" .. #value .. ":" }
  for i, text in ipairs(value) do out[i + 1] = written_text(text) end
  return concat(out)
end

--- A function(facts) that gives the text: as it is where it is only about addresses, otherwise 32 hex digits that tell nothing of the values.
--
-- parts: of the data. core: of gwc.security. facts: {r= the request, verified= as of `security.check`, path= the raw one without the query,
-- places= those of the operation's template, body= the validated value}, as far as the phase of the limit knows them.
function M.new(parts, core)
  local is_plain = true
  for _, part in ipairs(parts) do
    assert(READERS[part.kind], "a part of a key that nobody reads")
    is_plain = is_plain and part.kind == "client"
  end
  return function(facts)
    local out = {}
    for i, part in ipairs(parts) do out[i] = written(READERS[part.kind](part, facts, core)) end
    local text = concat(out)
    return is_plain and text or sub(core.host.sha256_hex(text), 1, HASH_DIGITS)
  end
end

return M
