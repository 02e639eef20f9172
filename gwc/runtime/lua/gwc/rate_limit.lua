--- Token buckets by client address (gwc/controls/rate_limit.py) and by consumer (gwc/controls/consumer.py), in a dictionary that all
-- workers share.
--
-- A bucket is one number, the time at which it will be full again (GCRA, ITU-T I.371). Reading and writing it must not
-- interleave between workers, so a lock entry is held over two calls to the dictionary and never over a yield.
local M = {}

local ceil, max = math.ceil, math.max

local LOCK_S = 0.5 -- a worker that dies with the lock blocks a bucket no longer than this
local TRIES = 60
local SPINS = 5
local PAUSE_S = 0.001
local TOLERANCE_S = 1e-6 -- clocks have milliseconds; sums of doubles are not exact

--- Takes one token: true, or false and the seconds until there is one, or nil when the store failed.
local function take_locked(dictionary, key, limit, now_s)
  local interval_s = limit.window_s / limit.limit
  local full_at = max(dictionary:get(key) or now_s, now_s) + interval_s
  local wait_s = full_at - now_s - limit.burst * interval_s
  if wait_s > TOLERANCE_S then return false, wait_s end
  if dictionary:safe_set(key, full_at, full_at - now_s + 1) then return true end -- safe_: never evicts a live bucket
  return nil
end

--- As above, with the lock. host: {now, sleep, dictionary}. A lock that cannot be had is a store that failed.
local function take(host, limit, key)
  local dictionary, lock = host.dictionary, "lock\0" .. key
  for try = 1, TRIES do
    if dictionary:add(lock, true, LOCK_S) then
      local taken, wait_s = take_locked(dictionary, key, limit, host.now())
      dictionary:delete(lock)
      return taken, wait_s
    end
    if try > SPINS then host.sleep(PAUSE_S) end
  end
  return nil
end

--- nil, or the refusal. Every limit loses a token, also after one of them has refused.
local function check(host, limits, key_of, reason)
  local refusal
  for _, limit in ipairs(limits) do
    local taken, wait_s = take(host, limit, key_of(limit))
    if taken == nil then
      refusal = { reason = "internal.unavailable" }
    elseif not taken and refusal == nil then
      refusal = { reason = reason, headers = { ["Retry-After"] = tostring(max(1, ceil(wait_s))) } }
    end
  end
  return refusal
end

--- Phase 4: nil, or the refusal {reason=, headers=} of a client address.
function M.check(host, limits, client)
  return check(host, limits, function(limit) return limit.id .. "\0" .. client end, "flood.limit")
end

--- Phase 7: likewise of a verified consumer. No limit of phase 4 has an empty id: the keys of both never meet.
function M.check_consumer(host, limits, consumer)
  return check(host, limits, function(limit) return "\0" .. limit.id .. "\0" .. consumer end, "throttle.limit")
end

return M
