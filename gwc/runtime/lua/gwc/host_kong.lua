--- Host adapter for Kong 3.9: the phases of the plugin `gwc`. Loaded once in `init`, before the workers are forked: an error here
-- (bad key, missing file, missing dictionary) stops `kong start`.
local answers = require "gwc.answers"
local base = require "gwc.nginx_request"
local data = require "gwc.data"
local decide = require "gwc.decide"
local forwarding = require "gwc.forwarding"
local host_certificates = require "gwc.host_certificates"
local hsts = require "gwc.hsts"
local kong_cryptography = require "gwc.kong_cryptography"
local metrics = require "gwc.metrics"
local nginx_host = require "gwc.nginx_host"
local problem_details = require "gwc.problem_details"
local ssl = require "ngx.ssl"

local core = decide.new(data, nginx_host.new(kong_cryptography, data))

local pairs_of_hosts = host_certificates.load_all(data.certificates, kong_cryptography.is_pair)

-- Above pre-function (1000000): first in every phase.
local handler = { VERSION = "0.1.0", PRIORITY = 1000001 }

--- Ends the request with the plugin's own answer. Never returns in rewrite and access.
local function refuse(verdict)
  ngx.ctx.gwc_verdict, ngx.ctx.gwc_answered = verdict, true
  local headers = { ["Content-Type"] = problem_details.CONTENT_TYPE, ["Cache-Control"] = "no-store" }
  for name, value in next, verdict.headers or {} do headers[name] = value end
  local text = problem_details.body(data, verdict.status, verdict.reason, ngx.var.kong_request_id, verdict.errors)
  return kong.response.exit(verdict.status, text, headers)
end

local function internal_error()
  return { status = 500, reason = "internal.error" }
end

--- In every worker, at start and after each reload: says early what `access` refuses for every request.
function handler:configure(configs)
  for _, config in ipairs(configs or {}) do
    if config.digest ~= data.digest then ngx.log(ngx.EMERG, "gwc: kong.yml and data.lua are from different builds") end
  end
end

--- Phase 0: no handshake for a name that is not served (Kong alone would go on with its default certificate).
function handler:certificate()
  local host = base.served(data, ssl.server_name)
  if host == nil then return ngx.exit(ngx.ERROR) end
  host_certificates.show(pairs_of_hosts[host])
end

--- Phase 1, before Kong's router, which answers 404 to a path that is not UTF-8. Runs for global plugins only.
function handler:rewrite()
  local r = base.read(decide.values)
  ngx.ctx.gwc_request = r
  local denied = core.normalise(r)
  if denied then return refuse(denied) end
  ngx.ctx.gwc_normalised = true
end

--- The target as it is forwarded. Kong adds the query to `upstream_uri`, and looks at the end of the request's target for the question
-- mark of an empty one, unless `request_uri` of the context is there.
local function set_target(r)
  local target, var = forwarding.target(data, r), ngx.var
  var.upstream_uri = string.match(target, "^[^?]*")
  if target == r.target then return end
  ngx.ctx.request_uri, var.args = target, string.match(target, "%?(.*)$") or ""
end

--- Kong's own headers go out from variables; an empty one is not sent.
local function set_variables(upstream)
  local var = ngx.var
  var.upstream_host = upstream.authority
  var.upstream_x_forwarded_for, var.upstream_x_forwarded_host, var.upstream_x_forwarded_proto = var.remote_addr, var.host, "https"
  var.upstream_x_forwarded_port, var.upstream_x_forwarded_path, var.upstream_x_forwarded_prefix = "", "", ""
  var.upstream_via, var.upstream_te, var.upstream_upgrade, var.upstream_connection = "", "", "", "keep-alive"
end

--- Phase 10. Kong removes what `Connection` names, and adds TE, after the plugins, from a copy of the headers that it made before
-- them: the copy is thrown away, so that no client can make Kong drop the identity.
local function forward(r, verdict)
  forwarding.apply(data, r, verdict, ngx.var.kong_request_id)
  ngx.ctx.cached_request_headers = nil
  set_target(r)
  set_variables(verdict.upstream)
  local timeouts = verdict.upstream.timeouts -- nil: those of the service in kong.yml
  if timeouts then kong.service.set_timeouts(timeouts.connect_ms, timeouts.response_ms, timeouts.response_ms) end
  assert(kong.service.set_upstream(verdict.upstream.name)) -- last: kong.yml sends everybody to an upstream without targets
end

--- Phases 2 to 10. The digest: kong.yml and data.lua must be of one build.
function handler:access(conf)
  if conf.digest ~= data.digest or ngx.ctx.gwc_normalised ~= true then return refuse(internal_error()) end
  local r, verdict = ngx.ctx.gwc_request, {}
  ngx.ctx.gwc_verdict = verdict
  verdict = core.judge(r, verdict)
  if verdict.allowed ~= true then return refuse(verdict) end
  forward(r, verdict)
end

--- The fields of limits in the answer of an upstream.
local function announce(verdict)
  for name, value in next, verdict and verdict.fields or {} do base.add_field(name, value) end
end

--- Runs for every answer, because the plugin is global; those of NGINX and of Kong's core get gwc's form here.
function handler:header_filter()
  hsts.set(data)
  local ctx = ngx.ctx
  if ctx.gwc_answered then return end
  ctx.gwc_is_upstream = kong.response.get_source() == "service"
  if ctx.gwc_is_upstream then return announce(ctx.gwc_verdict) end
  local reason, status = base.own_answer(problem_details, data, ngx.status)
  ctx.gwc_reason = reason
  ctx.gwc_body = problem_details.body(data, status, reason, ngx.var.kong_request_id or "")
  ngx.status = status
  ngx.header["Content-Type"] = problem_details.CONTENT_TYPE
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Content-Length"] = #ctx.gwc_body
end

function handler:body_filter()
  local ctx = ngx.ctx
  if ctx.gwc_body then return kong.response.set_raw_body(ctx.gwc_body) end
  if ctx.gwc_is_upstream and ctx.gwc_verdict then answers.collect(core.watched[ctx.gwc_verdict.operation], ctx) end
end

--- The only place that writes the variables of the log line: `set` in nginx-proxy.conf runs again when NGINX redirects to an error page.
-- Every answer is counted here, once.
function handler:log()
  local verdict, var = ngx.ctx.gwc_verdict or {}, ngx.var
  var.gwc_reason = ngx.ctx.gwc_reason or verdict.reason or "-"
  var.gwc_operation = verdict.operation or "-"
  var.gwc_subject = verdict.subject or "-"
  var.gwc_consumer = verdict.consumer or "-"
  var.gwc_duration_ms = base.duration_ms()
  metrics.count(var.gwc_consumer, var.gwc_reason)
  local word = ngx.ctx.gwc_is_upstream and verdict.operation and answers.word(core, ngx.ctx, verdict.operation)
  if word then
    var.gwc_response = word
    metrics.count_response(verdict.operation, word)
  end
end

return handler
