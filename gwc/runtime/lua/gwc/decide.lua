--- The order of decisions (DESIGN section 3), free of any gateway: `new(data, host)` returns the core.
--
-- host: what `gwc.security` and `gwc.token_buckets` ask for, `shared` (as made by gwc.redis) where limits are counted in a store, and
-- `note(id, event, detail)` for what operators should know of a limit.
-- A request `r`: `method`, `version` (a number such as 1.1), `target` (the raw one of the request line, nil when the line was not
-- understood), `host` (of the Host field: lower case, no port), `sni` (or nil), `client` (address), `headers` (name in lower
-- case -> text or list), `header(name)` -> list, `certificate()` as for `gwc.security`, `body_bytes()` -> number, or nil and "too_large",
-- `body_text()` -> the bytes of the body, which are those that are forwarded, or nil.
-- A verdict: {allowed=, status=, reason=, headers=, errors=, fields= for the answer to what was allowed, operation=, subject=, consumer=, claims_text=, token_text=, upstream=}. Whatever is no
-- verdict with `allowed == true` denies, errors included: the hosts have nothing else that lets a request pass.
local authorization = require "gwc.authorization"
local body = require "gwc.body"
local canonical_path = require "gwc.canonical_path"
local network_rule = require "gwc.network_rule"
local rate_limit = require "gwc.rate_limit"
local response_validation = require "gwc.response_validation"
local routing = require "gwc.routing"
local security = require "gwc.security"
local validation = require "gwc.validation"

local M = {}

local find, match = string.find, string.match

local MAX_HEADERS = 100
local MAX_HEADER_BYTES = 32 * 1024
local NEVER_SERVED = { TRACE = true, CONNECT = true }

--- The values of one header as a list.
function M.values(value)
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

--- Fields and bytes of the header section, whether a name has an underscore, and whether all names are tokens (RFC 9110 5.6.2).
local function measure(headers)
  local fields, bytes, underscore, tokens = 0, 0, false, true
  for name, value in next, headers do
    underscore = underscore or find(name, "_", 1, true) ~= nil
    tokens = tokens and not find(name, "[^%w!#$%%&'*+.^_`|~-]")
    for _, text in ipairs(M.values(value)) do
      fields, bytes = fields + 1, bytes + #name + #tostring(text) + 4 -- colon, space, CR, LF
    end
  end
  return fields, bytes, underscore, tokens
end

--- Host and Authorization must not be readable in two ways; two values may arrive joined by a comma.
local function is_ambiguous(r)
  local authorization = r.header("authorization")
  if r.host == nil or r.host == "" or #r.header("host") ~= 1 or #authorization > 1 then return true end
  return authorization[1] ~= nil and find(authorization[1], ",", 1, true) ~= nil
end

local function head_fault(r)
  if r.version < 1.1 then return "normalise.version" end
  local fields, bytes, underscore, tokens = measure(r.headers)
  if is_ambiguous(r) or not tokens or not find(r.method, "^[A-Z_-]+$") then return "normalise.request" end
  if fields > MAX_HEADERS or bytes > MAX_HEADER_BYTES then return "normalise.headers" end
  if underscore then return "normalise.headerName" end
  if NEVER_SERVED[r.method] then return "route.method" end
  if r.target == nil then return "normalise.request" end
  return nil
end

--- `host` is what NGINX makes of the field, without a final dot and whatever follows a colon: the field itself must say no more
-- (that it is there was checked before).
local function host_fault(data, r)
  local field = r.header("host")[1]
  local plain = field == nil or find(field, "^[%w.-]*[%w-]$") or find(field, "^[%w.-]*[%w-]:%d?%d?%d?%d?%d?$")
  local served = plain and data.hosts[r.host] == true and r.sni == r.host
  return not served and "normalise.host" or nil
end

--- `chain` says whether the host could read the list of a trusted proxy.
local function chain_fault(data, r)
  return data.trusted_proxies and r.chain ~= "good" and "normalise.clientAddress" or nil
end

--- Phase 1: the reason to refuse the request, or nil.
local function normalise(core, r)
  return head_fault(r) or chain_fault(core.data, r) or canonical_path.check(r.target, core.data.max_uri_bytes, core.data.matrix) or host_fault(core.data, r)
end

--- Phases 5 and 6: nil or the refusal. The verdict says who was verified, unless the credentials themselves were refused.
local function authorise(core, operation, facts, verdict)
  local r = facts.r
  local refusal, verified = security.check(core, operation.security, r)
  facts.verified = verified
  refusal = refusal or authorization.check(core, operation.rules, r, verified, facts.path, operation.places)
  if refusal and not find(refusal.reason, "^authz%.") then return refusal end
  verdict.subject, verdict.consumer = verified.subject, verified.consumer
  verdict.claims_text, verdict.token_text = verified.claims_text, verified.token_text
  return refusal
end

--- What limits say in one of their phases: nil or the refusal. limits: nil: none.
local function count(core, limits, facts, reason)
  return limits and rate_limit.check(core, limits, facts, facts.told, reason)
end

--- The limits of a consumer, nil: none.
local function limits_of(core, consumer)
  local known = core.consumer_limits[consumer]
  if known == nil then
    known = rate_limit.of_consumer(consumer, assert(core.data.consumers[consumer], "a consumer that is not there").limits)
    core.consumer_limits[consumer] = known
  end
  return known[1] and known
end

--- Phase 7: the limits of the consumer, and those by verified identity.
local function throttle(core, operation, facts, consumer)
  local own, others = consumer and limits_of(core, consumer) or nil, operation.limits.throttle
  if own and others then
    local all = { unpack(own) }
    for _, one in ipairs(others) do all[#all + 1] = one end
    own = all
  end
  return count(core, own or others, facts, "throttle.limit")
end

--- Phase 8.
local function check_body(operation, r)
  return body.check(operation.body, {
    content_type = r.header("content-type"), content_encoding = r.header("content-encoding"), length = r.body_bytes,
  })
end

--- Phase 9, and the value of the body for the limits behind it.
local function validate(core, operation, facts)
  if operation.validation == false then return nil end
  local r, verdict = facts.r, nil
  verdict, facts.body = core.validate(operation.validation, {
    target = r.target, header = r.header, has_body = r.body_bytes() ~= 0, content_type = r.header("content-type")[1],
    body = function() return assert(r.body_text(), "a body that can't be had") end,
  })
  if verdict == true then return count(core, operation.limits.body, facts, "throttle.limit") end
  assert(verdict.reason, "a verdict without a reason")
  return verdict
end

--- Phases 2 to 9: nil or {reason=, headers=}. Fills the verdict with what became known on the way.
local function judge(core, r, verdict)
  local path = match(r.target, "^[^?]*")
  local methods = routing.find(core.tries, r.host, path)
  if methods == nil then return { reason = "route.unknown" } end
  local operation = methods[r.method]
  if operation == nil then return { reason = "route.method", headers = { Allow = routing.allow(methods) } } end
  if core.data.matrix and canonical_path.is_misplaced(path, operation.matrix_segments) then return { reason = "normalise.path" } end
  verdict.operation = operation.key
  local facts = { r = r, path = path, places = operation.limit_places, told = { policies = {}, states = {} } }
  local refusal = network_rule.check(operation.network, r.client)
    or count(core, operation.limits.flood, facts, "flood.limit")
    or authorise(core, operation, facts, verdict)
    or throttle(core, operation, facts, verdict.consumer)
    or check_body(operation, r)
    or validate(core, operation, facts)
  if refusal then return refusal end
  verdict.fields = rate_limit.fields(facts.told)
  verdict.upstream = assert(core.data.upstreams[operation.upstream], "an operation without an upstream")
  return nil
end

local function deny(core, verdict, refusal)
  verdict.allowed, verdict.reason, verdict.headers, verdict.errors = false, refusal.reason, refusal.headers, refusal.errors
  verdict.status = assert(core.data.statuses[refusal.reason], "a reason that is not in the table")
  return verdict
end

--- The data of an operation with its limits looked up: operations share them by number.
local function prepared(core, operation)
  local rule = operation.validation
  assert(rule ~= nil)
  core.watched[operation.key] = rule and response_validation.prepare(rule, operation.body.max_bytes) or nil
  return {
    key = operation.key,
    method = operation.method,
    hosts = operation.hosts,
    path = operation.path,
    upstream = operation.upstream,
    network = network_rule.of(core.network, operation.network),
    limits = rate_limit.by_phase(core, operation.limits),
    limit_places = operation.limit_places,
    security = assert(operation.security),
    rules = assert(operation.rules),
    places = operation.places,
    body = assert(operation.body),
    validation = rule and core.prepare_rule(rule),
    matrix_segments = rule and rule.matrixSegments or {},
  }
end

--- The core: {normalise=function(r) -> denial | nil, judge=function(r, verdict) -> verdict, decide=function(r, verdict) -> verdict}.
-- Raises for data that is not complete. The verdict is a table of the host, which sees in it what is known when a phase is cut short.
function M.new(data, host)
  local core = security.new(data, host)
  authorization.add(core)
  core.network = network_rule.prepare(data.network_rules, data.network_sets)
  rate_limit.prepare(core)
  core.consumer_limits = {}
  core.tries = {}
  core.watched = {}
  if data.shapes then core.validate, core.prepare_rule, core.judge_value = validation.new(data.shapes, require "gwc.schemas") end
  data.operations(function(operation) routing.add(core.tries, prepared(core, operation)) end)

  --- Phase 1: for gateways whose own router would otherwise see the request first.
  function core.normalise(r)
    local reason = normalise(core, r)
    return reason and deny(core, {}, { reason = reason }) or nil
  end

  --- Phases 2 to 9, of a request that `normalise` let pass.
  function core.judge(r, verdict)
    local refusal = judge(core, r, verdict)
    if refusal then return deny(core, verdict, refusal) end
    verdict.allowed, verdict.reason = true, "allowed"
    return verdict
  end

  --- The word about an upstream's answer to an operation that is watched (gwc.response_validation). watch: its entry in `core.watched`.
  function core.word(watch, answer)
    return response_validation.word(watch, answer, core.judge_value)
  end

  function core.decide(r, verdict)
    return core.normalise(r) or core.judge(r, verdict)
  end

  return core
end

return M
