--- Token buckets (gwc/controls/rate_limit.py) in dictionaries that all workers of this gateway share.
--
-- A bucket is two numbers: its tokens, and the moment as of which. Reading and writing it must not interleave between workers, so a lock
-- entry is held over two calls to the dictionary and never over a yield; the clock is read inside, so that it never runs back between two requests.
local ffi = require "ffi"

local M = {}

local max, min = math.max, math.min

local LOCK_S = 0.5 -- a worker that dies with the lock blocks a bucket no longer than this
local TRIES = 60
local SPINS = 5
local PAUSE_S = 0.001
local TOLERANCE = 1e-6 -- of a token: clocks have milliseconds, and sums of doubles are not exact
local KEPT_S = 1 -- longer than until the bucket is full, which is what an absent one is

local numbers = ffi.new "double[2]"

local function packed(tokens, at_s)
  numbers[0], numbers[1] = tokens, at_s
  return ffi.string(numbers, 16)
end

local function unpacked(text)
  assert(#text == 16, "no bucket")
  ffi.copy(numbers, text, 16)
  return numbers[0], numbers[1]
end

--- Seconds until the bucket has so many tokens.
function M.wait_s(limit, tokens, wanted)
  return (wanted - tokens) * (limit.window_s / limit.limit)
end

local function write(dictionary, key, limit, tokens, now_s)
  local kept_s = M.wait_s(limit, tokens, limit.burst) + KEPT_S
  local value = packed(tokens, now_s)
  if not limit.may_forget then return (dictionary:safe_set(key, value, kept_s)) end -- safe_: never forgets a live bucket
  local is_done, _, is_forgetting = dictionary:set(key, value, kept_s)
  return is_done, is_forgetting
end

local function take_locked(dictionary, key, limit, cost, now_s)
  local found = dictionary:get(key)
  local tokens, at_s = limit.burst, now_s
  if found then tokens, at_s = unpacked(found) end
  tokens = min(limit.burst, tokens + max(0, now_s - at_s) / (limit.window_s / limit.limit)) -- a clock that was set back refills nothing
  if tokens + TOLERANCE < cost then return false, tokens end
  local is_done, is_forgetting = write(dictionary, key, limit, tokens - cost, now_s)
  if not is_done then return nil end
  return true, tokens - cost, is_forgetting
end

--- Takes `cost` tokens: whether they were there, how many are left, and whether another bucket was forgotten for this one. nil: the store failed;
-- a lock that can't be had is one that did.
--
-- host: {now, sleep, locks, buckets = function(name)}. limit: {store= name of its dictionary, limit=, window_s=, burst=, may_forget=}.
function M.take(host, limit, key, cost)
  local dictionary, locks, lock = host.buckets(limit.store), host.locks, limit.store .. "\0" .. key
  for try = 1, TRIES do
    if locks:add(lock, true, LOCK_S) then
      local taken, tokens, is_forgetting = take_locked(dictionary, key, limit, cost, host.now())
      locks:delete(lock)
      return taken, tokens, is_forgetting
    end
    if try > SPINS then host.sleep(PAUSE_S) end
  end
  return nil
end

return M
