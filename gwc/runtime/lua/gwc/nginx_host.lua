--- What the core gets from every host that is NGINX inside (gwc.security, gwc.key_source, gwc.rate_limit).
local https_get = require "gwc.https_get"
local key_source = require "gwc.key_source"

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

--- The host. cryptography: {sha256_hex = function(text), verifier = function(key)} of the host's own library. digest: of the build.
function M.new(cryptography, digest)
  return {
    now = ngx.now,
    sleep = ngx.sleep,
    pause = ngx.sleep,
    parallel_fetches = 1,
    read_file = key_source.read_file, -- while NGINX starts, with the rights of its master process
    warn = warn,
    fetch = fetch,
    store = new_store(digest),
    dictionary = assert(ngx.shared.gwc_limits, "no lua_shared_dict gwc_limits: nginx-http.conf is not included"),
    sha256_hex = cryptography.sha256_hex,
    cache_key = function(text) return cryptography.sha256_hex(digest .. text) end,
    verifier = cryptography.verifier,
  }
end

return M
