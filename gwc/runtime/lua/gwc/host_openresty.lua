--- Host adapter for plain NGINX with ngx_http_lua (Debian 12: nginx 1.22.1, lua 0.10.23): runs the core in a real server where there
-- is no Kong.
--
-- `ngx.ctx` does not live through an internal redirect, so what is known of a request is kept in variables of its location.
local answers = require "gwc.answers"
local base = require "gwc.nginx_request"
local data = require "gwc.data"
local decide = require "gwc.decide"
local forwarding = require "gwc.forwarding"
local host_certificates = require "gwc.host_certificates"
local hsts = require "gwc.hsts"
local libcrypto = require "gwc.libcrypto"
local metrics = require "gwc.metrics"
local nginx_host = require "gwc.nginx_host"
local problem_details = require "gwc.problem_details"
local ssl = require "ngx.ssl"

local core = decide.new(data, nginx_host.new(libcrypto, data))

local pairs_of_hosts = host_certificates.load_all(data.certificates, libcrypto.is_pair)

local M = {}

local function answer(status, reason, headers, errors)
  ngx.var.gwc_reason = reason
  local text = problem_details.body(data, status, reason, ngx.var.request_id, errors)
  ngx.status = status
  for name, value in next, headers or {} do ngx.header[name] = value end
  ngx.header["Content-Type"], ngx.header["Content-Length"] = problem_details.CONTENT_TYPE, #text
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(text)
  return ngx.exit(ngx.HTTP_OK)
end

--- A verdict whose members are written to the variables of the log line the moment they are known.
local function new_verdict()
  local var = ngx.var
  return setmetatable({}, {
    __newindex = function(verdict, name, value)
      rawset(verdict, name, value)
      if name == "operation" or name == "subject" or name == "consumer" then var["gwc_" .. name] = value or "-" end
    end,
  })
end

function M.certificate()
  local host = base.served(data, ssl.server_name)
  if host == nil then return ngx.exit(ngx.ERROR) end
  host_certificates.show(pairs_of_hosts[host])
end

--- Phases 1 to 10: the last statement is the only way to an upstream.
function M.access()
  local r = base.read(decide.values)
  local verdict = core.decide(r, new_verdict())
  if verdict.allowed ~= true then return answer(verdict.status, verdict.reason, verdict.headers, verdict.errors) end
  forwarding.apply(data, r, verdict, ngx.var.request_id)
  ngx.var.gwc_target = forwarding.target(data, r)
  ngx.req.set_header("X-Forwarded-For", r.client)
  ngx.req.set_header("X-Real-IP", r.client)
  ngx.req.set_header("X-Forwarded-Host", r.host)
  ngx.req.set_header("X-Forwarded-Proto", "https")
  local fields = verdict.fields
  if fields then ngx.var.gwc_limits, ngx.var.gwc_limits_left = fields["RateLimit-Policy"], fields["RateLimit"] end
  ngx.var.gwc_reason = "allowed"
  return ngx.exec("@" .. verdict.upstream.name)
end

--- Content of the location that every answer of NGINX itself is redirected to.
function M.error_page()
  local reason, status = base.own_answer(problem_details, data, ngx.status)
  return answer(status, reason)
end

--- Of every answer that is not an upstream's.
function M.header_filter()
  hsts.set(data)
end

--- Of the locations of upstreams, in place of the one above: the fields of limits, too.
function M.forwarded_header_filter()
  M.header_filter()
  local policies = ngx.var.gwc_limits
  if policies == "" then return end
  base.add_field("RateLimit-Policy", policies)
  base.add_field("RateLimit", ngx.var.gwc_limits_left)
end

--- Of the locations of upstreams.
function M.body_filter()
  answers.collect(core.watched[ngx.var.gwc_operation], ngx.ctx)
end

--- What was not decided is "-" in the log line. Every answer is counted here, once.
function M.log()
  local var = ngx.var
  for _, name in ipairs { "gwc_reason", "gwc_operation", "gwc_subject", "gwc_consumer" } do
    if not var[name] or var[name] == "" then var[name] = "-" end
  end
  var.gwc_duration_ms = base.duration_ms()
  metrics.count(var.gwc_consumer, var.gwc_reason)
  local word = var.gwc_reason == "allowed" and answers.word(core, ngx.ctx, var.gwc_operation)
  if word then
    var.gwc_response = word
    metrics.count_response(var.gwc_operation, word)
  end
end

return M
