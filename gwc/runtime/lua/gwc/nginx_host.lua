--- What the core gets from every host that is NGINX inside (gwc.security, gwc.key_source, gwc.rate_limit).
local https_get = require "gwc.https_get"
local key_source = require "gwc.key_source"
local metrics = require "gwc.metrics"
local redis = require "gwc.redis"
local shared_buckets = require "gwc.shared_buckets"

local M = {}

local function fetch(source)
  return https_get(source, key_source.FETCH_TIMEOUT_S, key_source.MAX_SET_BYTES)
end

--- For what stops no start, but must not be overlooked.
local function warn(text)
  ngx.log(ngx.EMERG, text)
end

--- The dictionary for key sets; entries of another build, which live on through a reload, are not seen. nil: the policy fetches none.
local function new_store(digest)
  local dictionary, store = ngx.shared.gwc_keys, {}
  if dictionary == nil then return nil end
  function store:get(key) return dictionary:get(digest .. key) end
  function store:set(key, value, for_s) return dictionary:set(digest .. key, value, for_s) end
  function store:add(key, value, for_s) return (dictionary:add(digest .. key, value, for_s)) end
  function store:delete(key) dictionary:delete(digest .. key) end
  return store
end

--- The time, not that of the moment when this turn of the event loop began: what counts under a lock must see that time goes on.
local function now()
  ngx.update_time()
  return ngx.now()
end

local function buckets(name)
  return assert(ngx.shared[name], "a lua_shared_dict is missing: nginx-http.conf is not included")
end

local NOTED_S = 10
local noted = {} -- id and event -> when this worker last said so

--- In a turn of its own: a line that is written for a request has the request's target in it.
local function warn_later(_, text)
  warn(text)
end

--- Counts what happened to a limit, and says it, but not at every request. detail: one word.
local function note(id, event, detail)
  metrics.count_limit(id, event)
  local key, now_s = id .. "\0" .. event, ngx.now()
  if now_s - (noted[key] or -NOTED_S) < NOTED_S then return end
  noted[key] = now_s
  ngx.timer.at(0, warn_later, "gwc: rate limit " .. id .. ": " .. event .. (detail and " (" .. detail .. ")" or ""))
end

--- What runs the script of shared buckets in the store of the data; nil: there is none.
local function shared(data)
  local store = data.store[1]
  return store and redis.new(store, shared_buckets.SCRIPT, key_source.read_file, data.digest) or nil
end

--- The host. cryptography: {sha256_hex = function(text), verifier = function(key)} of the host's own library. data: of the build.
function M.new(cryptography, data)
  local digest = data.digest
  return {
    now = now,
    sleep = ngx.sleep,
    pause = ngx.sleep,
    parallel_fetches = 1,
    read_file = key_source.read_file, -- while NGINX starts, with the rights of its master process
    warn = warn,
    fetch = fetch,
    store = new_store(digest),
    locks = buckets "gwc_limits",
    buckets = buckets,
    shared = shared(data),
    note = note,
    sha256_hex = cryptography.sha256_hex,
    cache_key = function(text) return cryptography.sha256_hex(digest .. text) end,
    verifier = cryptography.verifier,
  }
end

return M
