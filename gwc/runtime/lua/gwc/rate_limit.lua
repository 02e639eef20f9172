--- Limits by client address (phase 4), by verified identity (phase 7) and by the body (phase 9): gwc/controls/rate_limit.py, and those of
-- consumers: gwc/controls/consumer.py.
local rate_limit_key = require "gwc.rate_limit_key"
local shared_buckets = require "gwc.shared_buckets"
local token_buckets = require "gwc.token_buckets"

local M = {}

local ceil, concat, floor, format, max = math.ceil, table.concat, math.floor, string.format, math.max

local TOLERANCE = 1e-6 -- of tokens and seconds
local OF_CONSUMERS = "gwc_consumers" -- dictionary with room for all limits of all consumers

--- Whole seconds, at least one.
local function seconds(wait_s)
  return max(1, ceil(wait_s - TOLERANCE))
end

--- Seconds until the bucket has so many tokens: a window starts anew at its end.
local function wait_s(limit, result, wanted)
  if limit.is_fixed then return limit.window_s - result.since_s end
  return token_buckets.wait_s(limit, result.tokens, wanted)
end

--- The members of RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).
local function tell(limit, result, told)
  local left = max(0, floor(result.tokens + TOLERANCE))
  told.policies[#told.policies + 1] = format('"%s";q=%d;w=%d', limit.id, limit.limit, limit.window_s)
  told.states[#told.states + 1] = format('"%s";r=%d;t=%d', limit.id, left, seconds(wait_s(limit, result, left + 1)))
end

--- Fills `results`, by the number of the limit in the list, for the limits of this gateway, and returns the numbers of the others.
local function take_own(core, limits, keys, results)
  local others = {}
  for i, one in ipairs(limits) do
    local limit = one.limit
    if limit.on_failure then
      others[#others + 1] = i
    else
      local taken, tokens, is_forgetting = token_buckets.take(core.host, limit, keys[i], one.cost)
      if taken ~= nil then results[i] = { taken = taken, tokens = tokens } end
      if is_forgetting then core.host.note(limit.id, "forgotten") end
    end
  end
  return others
end

--- The same for those that are counted in the store.
local function take_shared(core, limits, keys, results, numbers)
  local asked = {}
  for i, number in ipairs(numbers) do asked[i] = { limit = limits[number].limit, key = keys[number], cost = limits[number].cost } end
  local found, problem = shared_buckets.take(assert(core.host.shared, "a limit of a store that is not there"), asked)
  for i, number in ipairs(numbers) do
    results[number] = found and found[i]
    if not found then core.host.note(limits[number].limit.id, "storeFailed", problem) end
  end
end

local function take_all(core, limits, facts)
  local keys, results = {}, {}
  for i, one in ipairs(limits) do keys[i] = one.limit.key(facts) end
  local others = take_own(core, limits, keys, results)
  if others[1] then take_shared(core, limits, keys, results, others) end
  return results
end

--- Seconds that a refusing limit asks for; nil when it does not refuse. "failed": nobody knows.
local function verdict_of(one, result)
  if result == nil then return one.limit.on_failure ~= "allow" and "failed" or nil end
  return not result.taken and wait_s(one.limit, result, one.cost) or nil
end

--- The fields that announce limits; nil when none is to be announced. told: of `check`.
function M.fields(told)
  if told.policies[1] == nil then return nil end
  return { ["RateLimit-Policy"] = concat(told.policies, ", "), ["RateLimit"] = concat(told.states, ", ") }
end

local function refusal_of(told, reason, longest_s)
  local headers = M.fields(told) or {}
  headers["Retry-After"] = format("%d", seconds(longest_s))
  return { reason = reason, headers = headers }
end

--- nil, or the refusal {reason=, headers=}. Every limit loses its tokens, also after one of them has refused; the longest wait is told.
--
-- limits: list of {limit= as prepared here, cost=}. facts: as gwc.rate_limit_key asks for. told: {policies=, states=}, lists to which members are added.
function M.check(core, limits, facts, told, reason)
  local results, longest_s, has_failed = take_all(core, limits, facts), nil, false
  for i, one in ipairs(limits) do
    local found = verdict_of(one, results[i])
    if found == "failed" then
      has_failed = true
    elseif found then
      longest_s = max(longest_s or 0, found)
    end
    if one.limit.has_fields and results[i] then tell(one.limit, results[i], told) end
  end
  if has_failed then return { reason = "internal.unavailable" } end
  return longest_s and refusal_of(told, reason, longest_s) or nil
end

--- The limits of the data by their numbers, with what reads their keys. Raises when something is missing that they are counted in.
function M.prepare(core)
  core.limits = {}
  for number, limit in next, core.data.rate_limits do
    local prepared = {}
    for name, value in next, limit do prepared[name] = value end
    prepared.key = rate_limit_key.new(limit.key, core)
    if limit.on_failure then
      assert(core.host.shared, "a limit of a store that is not there")
    else
      core.host.buckets(limit.store) -- raises without the dictionary
    end
    core.limits[number] = prepared
  end
  for _, consumer in next, core.data.consumers do
    if consumer.limits[1] then core.host.buckets(OF_CONSUMERS) end
  end
end

--- phase -> limits that cover an operation, with their costs; phases without any are not there. covering: list of {number, cost}.
function M.by_phase(core, covering)
  local phases = {}
  for _, pair in ipairs(covering) do
    local limit = assert(core.limits[pair[1]], "a limit that is not there")
    phases[limit.phase] = phases[limit.phase] or {}
    table.insert(phases[limit.phase], { limit = limit, cost = pair[2] })
  end
  return phases
end

--- The limits of a consumer, whose keys are its id: in a dictionary of their own, which has room for all of them.
function M.of_consumer(id, limits)
  local out = {}
  for i, limit in ipairs(limits) do
    local key = limit.id .. "\0" .. id
    out[i] = {
      cost = 1,
      limit = {
        id = limit.id, limit = limit.limit, window_s = limit.window_s, burst = limit.burst, store = OF_CONSUMERS, key = function() return key end,
      },
    }
  end
  return out
end

return M
