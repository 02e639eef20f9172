--- A small fake of Kong 3.9: the life of one request through a plugin, with the traps that were measured on a real one.
--
-- `new(options)` sets the globals `ngx` and `kong`; options: {variables = names that `set` made, dictionaries = names,
-- upstreams = name -> has targets, service_host = name, buffer_bytes, max_body_bytes, verify = function(jwk, signature, message, digest,
-- padding, is_raw, salt_bytes), hmac = function(key, digest, message), serve = function(host, port, request) -> bytes of the answer or nil}.
-- `run(plugin, conf, request)` drives one request and returns what became of it.
local M = {}

local EXIT, ANSWER = {}, {} -- what a coroutine of a phase yields

local function copy(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

local function lower_underscored(name) return (string.gsub(string.lower(name), "_", "-")) end

--- NGINX variables: reading an unknown one is nil, writing it raises.
local READ_ONLY = {
  request = true, request_uri = true, host = true, remote_addr = true, ssl_server_name = true, kong_request_id = true,
  http_host = true, http_content_length = true, http_transfer_encoding = true, ssl_client_verify = true, ssl_client_raw_cert = true,
}
local UPSTREAM = {
  upstream_uri = "", upstream_host = "", upstream_scheme = "http", upstream_te = "", upstream_via = "", upstream_upgrade = "",
  upstream_connection = "", upstream_x_forwarded_for = "", upstream_x_forwarded_proto = "", upstream_x_forwarded_host = "",
  upstream_x_forwarded_port = "", upstream_x_forwarded_path = "", upstream_x_forwarded_prefix = "", args = "",
}

local function new_variables(names, request)
  local values = copy(UPSTREAM)
  for _, name in ipairs(names) do values[name] = "-" end
  for name, value in pairs(request.variables) do values[name] = value end
  return setmetatable({}, {
    __index = values,
    __newindex = function(_, name, value)
      if READ_ONLY[name] then error("variable \"" .. name .. "\" not changeable", 2) end
      if values[name] == nil then error("variable \"" .. name .. "\" not found for writing", 2) end
      values[name] = tostring(value)
    end,
  }), values
end

--- Headers of the request: a list of {name, value}, names as they came.
local function header_table(list, max)
  local out, count = {}, 0
  for _, pair in ipairs(list) do
    count = count + 1
    if max > 0 and count > max then break end
    local name = string.lower(pair[1])
    local known = rawget(out, name)
    if known == nil then out[name] = pair[2]
    elseif type(known) == "table" then known[#known + 1] = pair[2]
    else out[name] = { known, pair[2] } end
  end
  return setmetatable(out, { __index = function(t, name) return rawget(t, lower_underscored(name)) end })
end

local function without(list, name)
  local out = {}
  for _, pair in ipairs(list) do
    if string.lower(pair[1]) ~= string.lower(name) then out[#out + 1] = pair end
  end
  return out
end

local function csv(value)
  local out = {}
  for name in string.gmatch(value or "", "[^,%s]+") do out[#out + 1] = string.lower(name) end
  return out
end

--- A cosocket to a server of `options.serve`; it answers all at once and closes.
local function new_socket(options)
  local socket, answer = {}, nil
  function socket:settimeout(ms) assert(ms >= 1, "no time left") end
  function socket:connect(host, port)
    self.host, self.port = host, port
    return 1
  end
  function socket:sslhandshake(session, name, verify)
    assert(session == false and verify == true, "a handshake without verification")
    self.name = name
    return options.serve(name, self.port, nil) ~= nil or nil, "handshake failed"
  end
  function socket:send(text)
    answer = options.serve(self.name, self.port, text)
    return #text
  end
  function socket:receiveany()
    local part = answer
    answer = nil
    if part == nil then return nil, "closed" end
    return part
  end
  function socket:close() return 1 end
  return socket
end

function M.new(options)
  local state = { log = {} } -- of the request that is running
  local function only(what, phases)
    if not phases[state.phase] then error("function " .. what .. " cannot be called in " .. tostring(state.phase) .. " phase", 3) end
  end

  local ngx = { ERROR = -1, OK = 0, EMERG = 1, HTTP_OK = 200, shared = {}, null = {} }
  ngx.now = function() return options.now() end
  ngx.update_time = function() end
  ngx.sha1_bin = options.sha1_bin
  ngx.timer = { at = function(_, callback, ...) callback(false, ...) return true end }
  ngx.socket = { tcp = function()
    if state.phase ~= "access" and state.phase ~= "rewrite" then error("API disabled") end
    return new_socket(options)
  end }
  ngx.sleep = function() if state.phase ~= "access" and state.phase ~= "rewrite" then error("API disabled") end end
  ngx.print = function(text) state.printed = text end
  ngx.log = function(_, ...) state.log[#state.log + 1] = table.concat({ ... }) end
  ngx.exit = function(code)
    if state.phase == "certificate" then state.handshake = code ~= ngx.ERROR return end
    error("ngx.exit is not part of the kit")
  end
  for _, name in ipairs(options.dictionaries) do ngx.shared[name] = options.new_dictionary() end
  ngx.req = {
    get_method = function() return state.request.method end,
    http_version = function() return state.request.version end,
    start_time = function() return options.now() - 0.25 end,
    get_headers = function(max) return header_table(state.headers, max or 100) end,
    clear_header = function(name) only("clear_header", { rewrite = true, access = true }) state.headers = without(state.headers, name) end,
    set_header = function(name, value)
      only("set_header", { rewrite = true, access = true })
      assert(type(value) == "string", "bad header value")
      state.headers = without(state.headers, name)
      state.headers[#state.headers + 1] = { name, value }
    end,
    read_body = function()
      only("read_body", { rewrite = true, access = true })
      state.body_read = true
      if #state.request.body > options.max_body_bytes then coroutine.yield(EXIT, 413) end
    end,
    get_body_data = function()
      assert(state.body_read, "the body was not read")
      local body = state.request.body
      if #body == 0 or #body > options.buffer_bytes then return nil end
      return body
    end,
    get_body_file = function()
      if #state.request.body <= options.buffer_bytes then return nil end
      return options.body_file(state.request.body)
    end,
  }
  setmetatable(ngx, {
    __index = function(_, name)
      if name == "var" then
        if state.phase == nil or state.phase == "certificate" then error("API disabled in the current context", 2) end
        return state.variables
      end
      if name == "ctx" then return state.ctx end
      if name == "status" then return state.status end
      if name == "header" then return state.header end
      return nil
    end,
    __newindex = function(_, name, value)
      if name ~= "status" then error("ngx." .. name .. " is not writable") end
      only("ngx.status", { rewrite = true, access = true, header_filter = true })
      state.status = value
    end,
  })

  local kong = { response = {}, service = {}, version = "3.9.3" }
  function kong.response.exit(status, body, headers)
    only("exit", { rewrite = true, access = true, header_filter = true })
    for name, value in pairs(headers or {}) do
      assert(type(value) == "string" or type(value) == "number" or type(value) == "boolean" or type(value) == "table", "bad header " .. name)
    end
    coroutine.yield(ANSWER, { status = status, body = body or "", headers = headers or {} })
  end
  function kong.response.get_source()
    only("get_source", { header_filter = true, body_filter = true, log = true })
    return state.source
  end
  function kong.response.set_raw_body(text)
    only("set_raw_body", { body_filter = true })
    state.body = text
  end
  function kong.service.set_upstream(name)
    only("set_upstream", { access = true })
    if options.upstreams[name] == nil then return nil, "could not find an Upstream named '" .. name .. "'" end
    state.upstream = name
    return true
  end
  function kong.service.set_timeouts(connect, write, read)
    only("set_timeouts", { access = true })
    for _, ms in ipairs { connect, write, read } do assert(ms == math.floor(ms) and ms >= 1 and ms <= 2147483646, "bad timeout") end
    state.timeouts = { connect, write, read }
  end

  --- One phase of the plugin: "passed", or "answer" and the answer, or "error" and its text.
  local function phase(plugin, name, conf)
    state.phase = name
    local method = plugin[name]
    if not method then return "passed" end
    local thread = coroutine.create(function() method(plugin, conf) end)
    local good, kind, value = coroutine.resume(thread)
    if not good then return "error", kind end
    if kind == ANSWER then return "answer", value end
    if kind == EXIT then return "core", value end
    assert(coroutine.status(thread) == "dead", "a phase that yields")
    return "passed"
  end

  local function answered(answer)
    state.status, state.body, state.source = answer.status, answer.body, "exit"
    state.response = {}
    for name, value in pairs(answer.headers) do state.response[string.lower(name)] = value end
  end

  --- An answer of NGINX or of Kong's own error handler; its form depends on Accept.
  local function core_answer(status, source)
    state.status, state.source, state.body = status, source or "error", '{"message":"..."}'
    state.response = { ["content-type"] = "application/json; charset=utf-8" }
  end

  --- What the core does between the plugins' access and the balancer: hop-by-hop headers go, by a copy that may be older than the plugin.
  local function after_access()
    local cached = state.ctx.cached_request_headers or header_table(state.headers, 0)
    for _, name in ipairs(csv(cached["connection"])) do
      if name ~= "close" and name ~= "keep-alive" and name ~= "upgrade" then state.headers = without(state.headers, name) end
    end
    for _, name in ipairs(csv(cached["te"])) do
      if name == "trailers" then state.values.upstream_te = "trailers" end
    end
    local v = state.values
    if string.sub(state.ctx.request_uri or v.request_uri, -1) == "?" or v.args ~= "" then v.upstream_uri = v.upstream_uri .. "?" .. v.args end
  end

  --- Headers that Kong's template sends from variables, whatever the client sent; an empty one is not sent.
  local function forwarded()
    local v, out = state.values, {}
    local fixed = {
      ["host"] = v.upstream_host, ["x-real-ip"] = v.remote_addr, ["x-forwarded-for"] = v.upstream_x_forwarded_for,
      ["x-forwarded-proto"] = v.upstream_x_forwarded_proto, ["x-forwarded-host"] = v.upstream_x_forwarded_host,
      ["x-forwarded-port"] = v.upstream_x_forwarded_port, ["x-forwarded-path"] = v.upstream_x_forwarded_path,
      ["x-forwarded-prefix"] = v.upstream_x_forwarded_prefix, ["via"] = v.upstream_via, ["te"] = v.upstream_te,
      ["connection"] = v.upstream_connection, ["upgrade"] = v.upstream_upgrade,
    }
    for name, value in pairs(fixed) do
      if value ~= "" then out[#out + 1] = { name, value } end
    end
    for _, pair in ipairs(state.headers) do
      if fixed[string.lower(pair[1])] == nil then out[#out + 1] = { string.lower(pair[1]), pair[2] } end
    end
    return { target = v.upstream_uri, headers = out, upstream = state.upstream, timeouts = state.timeouts }
  end

  local function proxy()
    after_access()
    if not options.upstreams[state.upstream] then return core_answer(503, "error") end
    state.forwarded = forwarded()
    state.status, state.source, state.body, state.response = 200, "service", "upstream", { server = "upstream" }
  end

  --- Variables and headers as Kong has them before the plugins' access.
  local function before_access()
    local v = state.values
    state.ctx.cached_request_headers = header_table(state.headers, 0)
    v.upstream_uri = options.normalise(string.match(v.request_uri, "^[^?]*"))
    v.upstream_x_forwarded_for = (rawget(header_table(state.headers, 0), "x-forwarded-for") or "") .. ", " .. v.remote_addr
    v.upstream_x_forwarded_proto, v.upstream_x_forwarded_host, v.upstream_x_forwarded_port = "https", v.host, "8443"
    v.upstream_x_forwarded_path, v.upstream_via = v.request_uri, "1.1 kong/3.9.3"
    v.upstream_connection = "keep-alive"
    if string.lower(state.request.upgrade or "") == "websocket" then v.upstream_connection, v.upstream_upgrade = "keep-alive, Upgrade", "websocket" end
    state.upstream = options.service_host
  end

  local function step(plugin, name, conf)
    local kind, value = phase(plugin, name, conf)
    if kind == "passed" then return false end
    if kind == "answer" then answered(value)
    elseif kind == "core" then core_answer(value)
    else
      state.errors[#state.errors + 1] = value
      core_answer(500, "error")
    end
    return true
  end

  --- Filters of an answer: an error in one closes the connection without an answer.
  local function filters(plugin, conf)
    for _, name in ipairs { "header_filter", "body_filter" } do
      local kind, value = phase(plugin, name, conf)
      if kind ~= "passed" then
        state.errors[#state.errors + 1] = tostring(value)
        state.status = 0
        return
      end
    end
  end

  --- conf: nil for a plugin that is not there; scoped = true: an instance of a route, whose rewrite and certificate never run.
  local function run(plugin, conf, request)
    plugin = conf and plugin or {}
    state = { request = request, headers = request.headers, ctx = {}, response = {}, status = 0, errors = {}, log = {}, handshake = true }
    state.header = setmetatable({}, { -- as ngx.header: names in any case
      __index = function(_, name) return state.response[string.lower(name)] end,
      __newindex = function(_, name, value)
        only("ngx.header", { rewrite = true, access = true, header_filter = true })
        state.response[string.lower(name)] = value
      end,
    })
    state.variables, state.values = new_variables(options.variables, request)
    options.server_name = request.sni
    if not request.scoped then phase(plugin, "certificate", conf) end
    if not state.handshake then return { handshake = false } end
    if request.core_status then
      core_answer(request.core_status)
    else
      local ended = not request.scoped and step(plugin, "rewrite", conf)
      if not ended and string.find(state.values.request_uri, "[\192\193\245-\255]") then
        core_answer(404, "exit")
        ended = true
      end
      if not ended then
        before_access()
        if not step(plugin, "access", conf) then proxy() end
      end
    end
    filters(plugin, conf)
    local good, why = phase(plugin, "log", conf)
    if good ~= "passed" then state.errors[#state.errors + 1] = tostring(why) end
    state.phase = nil
    return {
      handshake = true, status = state.status, body = state.body, headers = state.response, forwarded = state.forwarded,
      errors = state.errors, log = state.log, line = state.values, body_read = state.body_read or false,
    }
  end

  --- Runs a content handler outside of any request to the plugin, and returns what it printed.
  local function run_content(handler)
    state = { request = { method = "GET" }, response = {}, phase = "content" }
    state.header = state.response
    handler()
    return state.printed
  end

  return { ngx = ngx, kong = kong, run = run, run_content = run_content, preload = {
    ["ngx.ssl"] = { server_name = function() return options.server_name end },
    ["kong.tools.sha256"] = { sha256_hex = options.sha256_hex },
    ["kong.db.schema.typedefs"] = { no_consumer = "no_consumer", protocols_http = "protocols_http" },
    ["resty.openssl.pkey"] = {
      new = function(text, how)
        assert(how.format == "JWK", "a key of another format")
        if not options.is_key(text) then return nil, "pkey.new: not a key" end
        return {
          PADDINGS = { RSA_PKCS1_PSS_PADDING = 6 },
          verify = function(_, signature, message, digest, padding, opts)
            return options.verify(text, signature, message, digest, padding, opts and opts.ecdsa_use_raw, opts and opts.pss_saltlen)
          end,
        }
      end,
    },
    ["resty.openssl.hmac"] = {
      new = function(key, digest)
        return { final = function(_, message) return options.hmac(key, digest, message) end }
      end,
    },
  } }
end

return M
