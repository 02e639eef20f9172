--- Where the keys of a token scheme come from (KeySource of gwc/controls/jwt.py), with what is remembered of them: by each worker for
-- itself, or, where the host has a store that workers share, by all of them.
--
-- `new(control, scheme, host)` returns {find = function(kid, r) -> key, or nil and the reason}. A key: {kid=, algorithm=, verify=, native=}.
-- Keys keep their identity until another set takes the place of theirs: what was verified with a key holds as long as `find` returns it.
local jwk = require "gwc.jwk"

local M = {}

M.REFRESH_S, M.FETCH_TIMEOUT_S, M.MAX_SET_BYTES = 5, 3, 256 * 1024

local PAUSE_S = 0.02
local LOST_S = 2 * M.FETCH_TIMEOUT_S -- the request that fetches may end in between, and say nothing: it is not waited for any longer

--- The text of a file, nil when it can't be read: `read_file` of every host.
function M.read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

--- The key with its verifier; nil when the host can't take it.
local function with_verifier(key, scheme, host)
  local verify, native = host.verifier(key, scheme)
  return verify and { kid = key.kid, algorithm = key.algorithm, verify = verify, native = native == true } or nil
end

local function fixed(keys)
  return {
    find = function(kid)
      local key = keys[kid]
      return key, key == nil and "authn.unknownKey" or nil
    end,
  }
end

--- What `host.store` is where workers share nothing: values that end after a time.
local function new_store(now)
  local store, entries = {}, {}
  function store:get(key)
    local entry = entries[key]
    if entry and now() >= entry.until_s then entries[key], entry = nil, nil end
    return entry and entry.value
  end
  function store:set(key, value, for_s) entries[key] = { value = value, until_s = now() + for_s } end
  function store:add(key, value, for_s)
    if self:get(key) ~= nil then return false end
    self:set(key, value, for_s)
    return true
  end
  function store:delete(key) entries[key] = nil end
  return store
end

--- Keys that are part of the data. Raises for one that can't be used.
local function of_file(control, scheme, host)
  local keys = {}
  for _, key in ipairs(control.source.keys) do
    assert(control.algorithms[key.algorithm], "a key of an algorithm that is not allowed")
    keys[key.kid] = assert(with_verifier(key, scheme, host), "a key that the host does not take")
  end
  return fixed(keys)
end

--- Symmetric keys of a file on the gateway's machine, read once. Without a usable set in it, every token of the scheme waits for a restart.
local function of_secret(control, scheme, host)
  local text = host.read_file(control.source.file)
  local found = text and jwk.read_secrets(text, control.algorithms)
  if not found then
    host.warn("gwc: the file with the secret of the token scheme " .. scheme .. " has no usable key set, or can't be read")
    return { find = function() return nil, "internal.unavailable" end }
  end
  local keys = {}
  for kid, key in next, found do keys[kid] = assert(with_verifier(key, scheme, host), "a secret that the host does not take") end
  return fixed(keys)
end

--- kid -> key with its verifier of a fetched text; nil: it counts for nothing.
local function usable_keys(text, control, scheme, host)
  local found = type(text) == "string" and #text <= M.MAX_SET_BYTES and jwk.read_set(text, control.algorithms)
  local keys = {}
  for kid, key in next, found or {} do keys[kid] = with_verifier(key, scheme, host) end
  return next(keys) ~= nil and keys or nil
end

--- What is known of a set by all who share `store`: the claim to ask, who asks at the moment, and the last good answer with its time.
local function new_board(control, scheme, host)
  local source, store, board = control.source, host.store or new_store(host.now), {}
  local tried, answer = scheme .. "\0tried", scheme .. "\0answer"
  local function flight(number) return scheme .. "\0flight" .. number end

  function board.is_flying()
    for number = 1, host.parallel_fetches do
      if store:get(flight(number)) then return true end
    end
    return false
  end

  --- The number of the request that is to ask, nil when it is not to: too soon, or somebody else asks. Where requests can't wait, some
  -- more may ask while one does, but only when there is no set at all; each number may ask once in REFRESH_S.
  function board.claim(is_usable)
    for number = 1, host.parallel_fetches do
      if number == 2 and (is_usable or not board.is_flying()) then return nil end
      if store:add(tried .. number, true, M.REFRESH_S) then
        store:set(flight(number), true, LOST_S)
        return number
      end
    end
    return nil
  end

  function board.publish(fetched_s, text)
    store:set(answer, string.format("%.3f\n", fetched_s) .. text, source.cache_for_s + source.max_stale_s + 1)
  end

  function board.land(number)
    store:delete(flight(number))
  end

  --- Time and text of the last good answer.
  function board.read()
    local fetched_s, text = string.match(store:get(answer) or "", "^([%d.]+)\n(.*)$")
    return tonumber(fetched_s), text
  end

  return board
end

local function is_usable(state, source, now_s)
  return state.keys ~= nil and now_s - state.fetched_s <= source.cache_for_s + source.max_stale_s
end

local function needs_set(state, source, kid, now_s)
  return state.keys == nil or now_s - state.fetched_s > source.cache_for_s or state.keys[kid] == nil
end

--- A set that is fetched by the request that needs it; others go on with the set that is there, if it has their key.
local function of_remote(control, scheme, host)
  local source, board, state = control.source, new_board(control, scheme, host), { fetched_s = -math.huge }

  --- Whether the text is a set, which then takes the place of the one that is there.
  local function take(fetched_s, text)
    local keys = usable_keys(text, control, scheme, host)
    if keys then state.keys, state.fetched_s = keys, fetched_s end
    return keys ~= nil
  end

  --- Takes over what another worker has fetched since this one last looked.
  local function adopt()
    local fetched_s, text = board.read()
    if fetched_s and fetched_s > state.fetched_s then take(fetched_s, text) end
  end

  local function fetch(number, r)
    local text = host.fetch(source, r)
    local fetched_s = math.floor(host.now() * 1000) / 1000 -- as the board can say it
    if take(fetched_s, text) then board.publish(fetched_s, text) end
    board.land(number)
  end

  --- Waits for the request that asks, where requests can wait.
  local function await()
    local since_s = host.now()
    while host.pause and board.is_flying() and host.now() - since_s < M.FETCH_TIMEOUT_S do host.pause(PAUSE_S) end
  end

  local function ask(kid, r)
    local there = is_usable(state, source, host.now())
    local number = board.claim(there)
    if number then
      fetch(number, r)
    elseif not there or state.keys[kid] == nil then
      await()
      adopt()
    end
  end

  return {
    find = function(kid, r)
      if needs_set(state, source, kid, host.now()) then
        adopt()
        if needs_set(state, source, kid, host.now()) then ask(kid, r) end
      end
      if not is_usable(state, source, host.now()) then return nil, "internal.unavailable" end
      local key = state.keys[kid]
      return key, key == nil and "authn.unknownKey" or nil
    end,
  }
end

local KINDS = { file = of_file, secret = of_secret, remote = of_remote }

--- host: `now()`, `verifier(key, scheme)`, `read_file(path)`, `warn(text)`, `fetch(source, r)`, `parallel_fetches`, `pause(s)` where
-- requests can wait, and where workers share something, `store`: `get`, `set`, `add`, `delete` as those of ngx.shared. Raises for keys of the data that can't be used, so that the gateway does not start.
function M.new(control, scheme, host)
  return KINDS[control.source.kind](control, scheme, host)
end

return M
