--- Envoy's Lua filters as hosts of the core (Envoy 1.40).
--
-- An uncaught error would let the request continue. So everything runs under pcall, and every request is sealed: Envoy's router refuses
-- it unless the last statement of the last filter was reached (gwc/backends/envoy/seal.py). A refusal has a private status for its
-- reason; Envoy's mappers make the answer of it.
local body = require "gwc.body"
local carrier = require "gwc.carrier"
local failures = require "gwc.failures"

local M = {}

local find, lower, match, tonumber = string.find, string.lower, string.match, tonumber

local SEAL, SEALED = "x-envoy-max-retries", "sealed"
local ADMITTED = "admitted" -- the seal behind phase 3, where rules have a say there
local PASSED = "passed" -- the seal between the two filters, where a lane needs both: the router refuses it, too
local SUBJECT, CONSUMER, CLAIMS = "x-gwc-subject", "x-gwc-consumer", "x-gwc-claims"
local WAITS = "gwc.waits"
local CLIENT, FORWARDED = "x-real-ip", "x-gwc-forwarded" -- set by the gateway alone (gwc/backends/envoy/client_ip.py)

--- The lanes with their body rules.
local function prepared(data)
  for _, lane in next, data.lanes do lane.body = assert(data.bodies[lane.body]) end
  return data
end

--- Every value of a header, in their order.
local function values(headers, name)
  local list = {}
  for i = 0, headers:getNumValues(name) - 1 do list[#list + 1] = headers:getAtIndex(name, i) end
  return list
end

local function refuse(h, data, refusal)
  local answer = { [":status"] = tostring(assert(data.statuses[refusal.reason], "a reason that is not in the table")) }
  for name, value in next, refusal.headers or {} do answer[lower(name)] = value end
  h:respond(answer, failures.text(refusal.errors or {})) -- of which the mapper of the reason makes the answer, or nothing
end

--- The lane that the route names.
local function lane_of(h, data)
  return assert(data.lanes[assert(h:filterContext():get("lane"), "the route does not say")], "the route says something unknown")
end

--- Runs `decide(h)`, which returns nothing or a refusal; an error is a refusal, too.
local function guarded(data, decide)
  return function(h)
    local ok, refusal = pcall(decide, h)
    if not ok then
      h:logErr("gwc: " .. tostring(refusal))
      refusal = { reason = "internal.error" }
    end
    if refusal then refuse(h, data, refusal) end
  end
end

local NO_BODY = { length = function() return 0 end } -- most requests: no header needs to be looked up

local function arrived(headers, bytes)
  return {
    content_type = values(headers, "content-type"),
    content_encoding = values(headers, "content-encoding"),
    length = function() return bytes end,
  }
end

--- Takes keys out of the query and the cookies.
local function remove_keys(headers, removed)
  if removed.query then
    local target = headers:get(":path")
    local kept = carrier.target_without(target, removed.query)
    if kept ~= target then headers:replace(":path", kept) end
  end
  local cookies = removed.cookies and values(headers, "cookie") or {}
  if cookies[1] ~= nil then
    local kept = carrier.cookies_without(cookies, removed.cookies)
    headers:remove("cookie")
    if kept ~= "" then headers:add("cookie", kept) end
  end
end

--- Whether nothing came while the request waited for keys; Envoy raises for what did (1.40). Only of operations that take no body: an
-- empty one in chunks is refused, too.
local function has_no_body(h)
  local ok, buffer = pcall(h.body, h)
  return ok and (buffer == nil or buffer:length() == 0)
end

--- The body, its bytes (0 without one), and the headers: those that Envoy gave out before a request had to wait are dead. No header says
-- whether there is a body: Envoy drops Transfer-Encoding, and whatever else Connection names.
local function wait_for_body(h, headers)
  local buffer = h:body() -- waits for the end of the request; nil without a body. Never body(true): it adds a coding
  if buffer == nil then return nil, 0, headers end
  return buffer, buffer:length(), h:headers()
end

--- The functions for phase 9 and for what upstreams answer; nil where nothing is validated.
local function new_validation(data)
  if data.validations == nil then return nil, nil end
  return require("gwc.envoy_validation").new(data, values)
end

--- Demands the seal. A request without it is one of a configuration that seals nothing, so that no other request is safe.
local function expect_seal(headers, value)
  assert(headers:get(SEAL) == value, "the request does not have its seal")
end

--- Phase 8: size, type and coding of the body; phase 9; and what every request must have behind it. seal: the value that it must have; nil
-- for a caller who was let through with it before.
local function finish(h, headers, rule, removed, seal, validate)
  local buffer, bytes
  buffer, bytes, headers = wait_for_body(h, headers)
  local refusal = (bytes > 0 or rule.required) and body.check(rule, bytes == 0 and NO_BODY or arrived(headers, bytes))
    or validate and validate(h, headers, buffer, bytes)
  if refusal then return refusal end
  if next(removed) ~= nil then remove_keys(headers, removed) end
  if seal then expect_seal(headers, seal) end
  headers:remove(SEAL) -- the last statement
  return nil
end

--- The address of the TCP peer.
local function peer(h)
  return match(h:streamInfo():downstreamDirectRemoteAddress(), "^%[?(.-)%]?:%d+$")
end

--- What the core asks of a request, found out when it asks. `authorization` is its only value.
local FIELDS = {
  header = function(r)
    return function(name)
      if name == "authorization" then return { r.authorization } end
      return values(r.headers, name)
    end
  end,
  headers = function(r) return r.handle:headers() end,
  target = function(r) return r.headers:get(":path") end,
  client = function(r) return r.headers:get(CLIENT) or peer(r.handle) end,
  --- The names of a certificate that the listener has verified.
  certificate = function(r)
    return function()
      local tls = r.handle:streamInfo():downstreamSslConnection()
      if not tls or not tls:peerCertificateValidated() then return nil end
      return { uris = tls:uriSanPeerCertificate(), dns_names = tls:dnsSansPeerCertificate() }
    end
  end,
}

local REQUEST = {
  __index = function(r, name)
    local value = FIELDS[name] and FIELDS[name](r)
    rawset(r, name, value)
    return value
  end,
}

local function new_core(data)
  local core = require("gwc.security").new(data, require("gwc.envoy_keys").host())
  require("gwc.authorization").add(core)
  return core
end

local NOBODY = { schemes = {}, consumers = {}, tokens = {} }

--- For the upstream, the log, the counters and the limits of consumers.
local function remember(h, headers, core, lane, verified)
  if verified.subject then headers:replace(SUBJECT, verified.subject) end
  if verified.claims_text then headers:replace(CLAIMS, verified.claims_text) end
  if lane.forwards_tokens and not verified.token_text then headers:remove("authorization") end
  if verified.consumer then
    headers:replace(CONSUMER, verified.consumer)
    local waits = lane.is_split and core.data.consumers[verified.consumer].waits or {}
    for number, wait in next, waits do h:streamInfo():dynamicMetadata():set(WAITS, number, wait) end
  end
end

--- A function that finds the client of a request: the address, or nil for a list of a trusted proxy that can't be read. It leaves the address, and
-- what limits count it by, in headers that clients can't send.
local function client_finder(data)
  if data.trusted_proxies == nil then return peer end
  local client_ip, zone = require "gwc.client_ip", require "gwc.zone"
  local proxies = zone.prepare(data.trusted_proxies)
  return function(h)
    local headers = h:headers()
    local list = headers:get(FORWARDED)
    if list then headers:remove(FORWARDED) end
    local bytes, client = client_ip.find(proxies, assert(peer(h), "a peer without an address"), list)
    if bytes == nil then return nil end
    headers:replace(CLIENT, client)
    for bits, name in next, data.prefixes do headers:replace(name, client_ip.network(bytes, tonumber(bits))) end
    return client
  end
end

--- Phase 3. Who is let through gets the seal that the filter for credentials demands of a lane behind this one. Answers of the gateway's own have
-- no lane, and come here only where it must be found whose request it is.
function M.network(data)
  local network_rule = require "gwc.network_rule"
  local rules, find_client = network_rule.prepare(data.network_rules, data.network_sets), client_finder(data)
  for _, lane in next, data.lanes do lane.network = network_rule.of(rules, lane.network) end
  return guarded(data, function(h)
    local client = find_client(h)
    if client == nil then return { reason = "normalise.clientAddress" } end
    if data.trusted_proxies and h:filterContext():get("lane") == nil then return nil end
    local lane, headers = lane_of(h, data), h:headers()
    local refusal = network_rule.check(lane.network, client)
    if refusal then return refusal end
    expect_seal(headers, SEALED)
    headers:replace(SEAL, ADMITTED) -- the last statement
    return nil
  end)
end

--- Phases 5 and 6, and 8 and 9 where nothing comes between. The second function is for answers; nil where none is watched.
--
-- Where a decision depends on nothing but the token (`lane.token` names its scheme), it is kept with what the core remembers of
-- the token: it holds as long as the core says that the token does.
function M.access(data)
  local security, authorization, jwt = require "gwc.security", require "gwc.authorization", require "gwc.jwt"
  local core = new_core(prepared(data))
  local validate, watch = new_validation(data)

  local function recall(lane, value, r)
    local known = core.tokens.get(value)
    local verified = known and known.lanes and known.lanes[lane]
    local proof = verified and known.proofs[lane.token]
    return proof and jwt.recall(core.jwts[lane.token], proof, known.claims, core.host, r) and verified
  end

  local function keep(lane, value, verified)
    local known = value and core.tokens.get(value)
    if not known then return end
    known.lanes = known.lanes or {}
    known.lanes[lane] = verified
  end

  local function authorise(lane, r)
    local refusal, verified = nil, NOBODY
    if lane.security then refusal, verified = security.check(core, lane.security, r) end
    if refusal == nil and lane.rules[1] then
      refusal = authorization.check(core, lane.rules, r, verified, match(r.target, "^[^?]*"), lane.places)
    end
    if refusal == nil or find(refusal.reason, "^authz%.") then remember(r.handle, r.headers, core, lane, verified) end
    if refusal == nil and lane.token then keep(lane, r.authorization, verified) end
    return refusal
  end

  --- What is judged of a request whose caller is not known yet.
  local function judge(lane, value, r)
    if value and find(value, ",", 1, true) then return { reason = "normalise.request" } end -- so are several joined
    if lane.security or lane.rules[1] then return authorise(lane, r) end
    return nil
  end

  return guarded(data, function(h)
    local lane, headers = lane_of(h, data), h:headers()
    if #headers:get(":path") > data.max_uri_bytes then return { reason = "normalise.uri" } end
    local value = headers:get("authorization")
    local r = setmetatable({ handle = h, headers = headers, authorization = value }, REQUEST)
    local verified = value and lane.token and recall(lane, value, r)
    if verified then
      remember(h, r.headers, core, lane, verified)
    else
      local refusal = judge(lane, value, r)
      if refusal then return refusal end
    end
    local seal = lane.is_behind_rules and ADMITTED or SEALED
    if lane.is_split then
      expect_seal(r.headers, seal)
      r.headers:replace(SEAL, PASSED) -- the last statement
      return nil
    end
    if r.has_waited and not has_no_body(h) then return { reason = "body.unexpected" } end
    if verified and not lane.is_behind_rules then seal = nil end
    return finish(h, r.headers, lane.body, data.removed, seal, validate)
  end), watch
end

--- Phases 8 and 9, behind the limits of consumers, or behind a wait for keys.
function M.body(data)
  prepared(data)
  local validate, watch = new_validation(data)
  return guarded(data, function(h) return finish(h, h:headers(), lane_of(h, data).body, data.removed, PASSED, validate) end), watch
end

return M
