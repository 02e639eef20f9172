--- Buckets and windows in a store that gateway instances share: all limits of one phase in one round trip (gwc/controls/rate_limit.py).
local M = {}

local tonumber = tonumber

--- Runs in Redis, alone and at its time. A bucket is its tokens and the moment as of which; a window is a bucket that is as of its beginning.
-- ARGV has limit, window, burst, cost and whether windows are fixed for each key; the answer has for each key whether the tokens were there,
-- how many are left, and how long ago the window began.
M.SCRIPT = [[
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local out = {}
for i, key in ipairs(KEYS) do
  local at = 5 * (i - 1)
  local limit, window, burst, cost = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local is_fixed = ARGV[at + 5] == '1'
  local moment = is_fixed and now - now % window or now
  local tokens, found = burst, redis.call('GET', key)
  if found then
    local left, since = string.match(found, '^(%S+) (%S+)$')
    tokens = math.min(burst, tonumber(left) + math.max(0, moment - tonumber(since)) / (window / limit))
  end
  local taken = tokens + 0.000001 >= cost
  if taken then
    tokens = tokens - cost
    local kept = is_fixed and window - (now - moment) or (burst - tokens) * window / limit
    redis.call('SET', key, string.format('%.17g %.17g', tokens, moment), 'PX', math.ceil(kept * 1000) + 1000)
  end
  out[#out + 1] = taken and 1 or 0
  out[#out + 1] = string.format('%.9g', tokens)
  out[#out + 1] = string.format('%.6f', now - moment)
end
return out
]]

local ANSWERS = 3

local function arguments_of(asked)
  local keys, arguments = {}, {}
  for i, one in ipairs(asked) do
    local limit = one.limit
    keys[i] = limit.store .. one.key
    for _, argument in ipairs { limit.limit, limit.window_s, limit.burst, one.cost, limit.is_fixed and 1 or 0 } do
      arguments[#arguments + 1] = argument
    end
  end
  return keys, arguments
end

--- A number of an answer: of a whole number of Redis, or of a text.
local function number_of(item, kind)
  local value = item and item.kind == kind and tonumber(item.value)
  return value and value - value == 0 and value or nil -- neither infinite nor "nan"
end

local function result_of(items, at)
  local taken, tokens, since_s = number_of(items[at + 1], "number"), number_of(items[at + 2], "text"), number_of(items[at + 3], "text")
  if tokens == nil or since_s == nil or not (taken == 0 or taken == 1) then return nil end
  return { taken = taken == 1, tokens = tokens, since_s = since_s }
end

--- Takes tokens of every limit: a list of {taken=, tokens= that are left, since_s= the beginning of its window}, or nil and a word for
-- what went wrong. Whatever is no proper answer for each of them is none.
--
-- run: of gwc.redis. asked: list of {limit=, key=, cost=}.
function M.take(run, asked)
  local items, problem = run(arguments_of(asked))
  if items == nil then return nil, problem end
  if #items ~= ANSWERS * #asked then return nil, "protocol" end
  local results = {}
  for i = 1, #asked do
    results[i] = result_of(items, ANSWERS * (i - 1))
    if results[i] == nil then return nil, "protocol" end
  end
  return results
end

return M
