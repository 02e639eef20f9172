--- The Lua side of the stand-in (stand_in.py): the phases of Kong 3.9 and the part of its kit that gwc uses, on a real NGINX.
local M = {}

local document, plugin, conf
local stashed, number = {}, 0 -- ngx.ctx of requests, because NGINX clears it when it goes to an error page

local function install_kit()
  kong = { response = {}, service = {}, version = "3.9.3" }
  function kong.response.exit(status, body, headers)
    ngx.ctx.KONG_EXITED = true
    ngx.status = status
    for name, value in pairs(headers or {}) do ngx.header[name] = value end
    ngx.header["Content-Length"] = #(body or "")
    ngx.print(body or "")
    return ngx.exit(status)
  end
  function kong.response.get_source()
    if ngx.ctx.KONG_UNEXPECTED then return "error" end
    if ngx.ctx.KONG_EXITED then return "exit" end
    return ngx.ctx.KONG_PROXIED and "service" or "error"
  end
  function kong.response.set_raw_body(text)
    if ngx.arg[2] then ngx.arg[1] = text else ngx.arg[1] = nil end
  end
  function kong.service.set_upstream(name)
    if document.upstreams[name] == nil then return nil, "could not find an Upstream named '" .. name .. "'" end
    ngx.ctx.stand_in_host = name
    return true
  end
  function kong.service.set_timeouts() end -- only nginx with lua 0.10.26 could
end

--- The algorithm that a call of resty.openssl means.
local function algorithm_of(jwk, digest, padding)
  if jwk.kty == "OKP" then return "EdDSA" end
  return (jwk.kty == "EC" and "ES" or padding and "PS" or "RS") .. string.match(digest, "^sha(%d+)$")
end

local function install_pkey(libcrypto)
  package.loaded["resty.openssl.pkey"] = {
    new = function(text, options)
      if options == nil then return { pem = text } end
      local jwk = require("gwc.json").decode(text)
      local by_algorithm = {}
      local first = jwk.kty == "OKP" and "EdDSA" or jwk.kty == "RSA" and "RS256" or ({ ["P-256"] = "ES256", ["P-384"] = "ES384", ["P-521"] = "ES512" })[jwk.crv]
      jwk.algorithm = first
      if libcrypto.verifier(jwk) == nil then return nil, "not a key" end
      return {
        PADDINGS = { RSA_PKCS1_PSS_PADDING = 6 },
        verify = function(_, signature, message, digest, padding, options)
          local algorithm = algorithm_of(jwk, digest, padding)
          assert(jwk.kty ~= "EC" or options.ecdsa_use_raw, "a DER signature")
          assert(padding == nil or options.pss_saltlen == tonumber(string.sub(algorithm, 3)) / 8, "a salt of any length")
          jwk.algorithm = algorithm
          by_algorithm[algorithm] = by_algorithm[algorithm] or libcrypto.verifier(jwk)
          return by_algorithm[algorithm](signature, message)
        end,
      }
    end,
  }
end

local function install_hmac()
  local ffi = require "ffi"
  package.loaded["resty.openssl.hmac"] = {
    new = function(key, digest)
      return {
        final = function(_, message)
          local out, size = ffi.new "unsigned char[64]", tonumber(string.sub(digest, 4)) / 8
          ffi.C.HMAC(ffi.C["EVP_" .. digest](), key, #key, message, #message, out, nil)
          return ffi.string(out, size)
        end,
      }
    end,
  }
end

local function install_modules()
  local libcrypto = require "gwc.libcrypto"
  package.loaded["kong.tools.sha256"] = { sha256_hex = libcrypto.sha256_hex }
  install_pkey(libcrypto)
  package.loaded["resty.openssl.x509"] = {
    new = function(text)
      return { check_private_key = function(_, key) return libcrypto.is_pair(text, key.pem) end }
    end,
  }
  install_hmac()
end

function M.init(text)
  document = require("gwc.json").decode(text)
  install_kit()
  install_modules()
  plugin = require "kong.plugins.gwc.handler"
  conf = type(document.digest) == "string" and { digest = document.digest } or nil
  if conf and plugin.configure then plugin:configure({ conf }) end
end

local function run(phase)
  if conf then plugin[phase](plugin, conf) end
end

local function guarded(phase)
  local good, why = xpcall(run, debug.traceback, phase)
  if good then return end
  ngx.log(ngx.ERR, why)
  ngx.ctx.KONG_UNEXPECTED = true
  ngx.status = 500
  ngx.header["Content-Type"] = "application/json; charset=utf-8"
  ngx.print('{"message":"An unexpected error occurred"}')
  return ngx.exit(500)
end

function M.certificate() run("certificate") end

function M.rewrite()
  number = number + 1
  stashed[tostring(number)] = ngx.ctx
  ngx.var.ctx_ref = tostring(number)
  guarded("rewrite")
end

local function csv(value)
  local out = {}
  for name in string.gmatch(value or "", "[^,%s]+") do out[#out + 1] = string.lower(name) end
  return out
end

local function before_access()
  local var = ngx.var
  ngx.ctx.cached_request_headers = ngx.req.get_headers(1000)
  var.upstream_uri = string.gsub(string.match(var.request_uri, "^[^?]*"), "%%%x%x", string.upper)
  var.upstream_x_forwarded_for = var.proxy_add_x_forwarded_for
  var.upstream_x_forwarded_proto, var.upstream_x_forwarded_host, var.upstream_x_forwarded_port = var.scheme, var.host, var.server_port
  var.upstream_x_forwarded_path, var.upstream_via = var.request_uri, "1.1 kong/3.9.3"
  var.upstream_connection, var.upstream_scheme = "keep-alive", document.scheme
  if string.lower(var.http_upgrade or "") == "websocket" then
    var.upstream_connection, var.upstream_upgrade = "keep-alive, Upgrade", "websocket"
  end
  ngx.ctx.stand_in_host = document.host
end

local function text(value) return type(value) == "table" and table.concat(value, ", ") or value end

local function after_access()
  local var = ngx.var
  local cached = ngx.ctx.cached_request_headers or ngx.req.get_headers(1000)
  for _, name in ipairs(csv(text(cached["connection"]))) do
    if name ~= "close" and name ~= "keep-alive" and name ~= "upgrade" then ngx.req.clear_header(name) end
  end
  for _, name in ipairs(csv(text(cached["te"]))) do
    if name == "trailers" then var.upstream_te = "trailers" end
  end
  if string.sub(ngx.ctx.request_uri or var.request_uri, -1) == "?" or var.is_args == "?" then var.upstream_uri = var.upstream_uri .. "?" .. (var.args or "") end
end

function M.access()
  before_access()
  guarded("access")
  after_access()
  local name = ngx.ctx.stand_in_host
  if document.upstreams[name] ~= true then
    return kong.response.exit(503, '{"message":"failure to get a peer from the ring-balancer"}', { ["Content-Type"] = "application/json" })
  end
  ngx.var.stand_in_target = name
  ngx.ctx.KONG_PROXIED = true
end

function M.handle_error()
  ngx.ctx = stashed[ngx.var.ctx_ref or ""] or ngx.ctx
  ngx.ctx.KONG_UNEXPECTED = true
  kong.response.exit(ngx.status, '{"message":"..."}', { ["Content-Type"] = "application/json; charset=utf-8" })
end

function M.header_filter() run("header_filter") end
function M.body_filter() run("body_filter") end

function M.log()
  run("log")
  stashed[ngx.var.ctx_ref or ""] = nil
end

return M
