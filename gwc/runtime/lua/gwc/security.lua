--- Who may call an operation (gwc/controls/security.py): one of several alternatives, each a set of schemes.
local api_key = require "gwc.api_key"
local basic = require "gwc.basic"
local carrier = require "gwc.carrier"
local jwt = require "gwc.jwt"
local mutual_tls = require "gwc.mutual_tls"
local token_cache = require "gwc.token_cache"

local M = {}

local REMEMBERED_TOKENS = 1000

local function refusal(core, reason, challenge)
  if reason == "internal.unavailable" then return { reason = reason } end
  return { reason = reason, headers = { ["WWW-Authenticate"] = string.format(challenge, core.data.realm) } }
end

local BROKEN_TOKEN = 'Bearer realm="%s", error="invalid_token"'
local POOR_TOKEN = 'Bearer realm="%s", error="insufficient_scope"'
local OF_KIND = { -- by member of `asked`, in the order in which a missing credential is named
  { "jwts", 'Bearer realm="%s"' },
  { "basics", 'Basic realm="%s"' },
  { "keys", 'ApiKey realm="%s"' },
  { "certificates", 'Certificate realm="%s"' },
}

--- The refusal of a caller whose scopes are too few.
function M.lacks_scopes(core)
  return refusal(core, "authz.scope", POOR_TOKEN)
end

--- The schemes that the token can be good for: those of its issuer. Without such, all: one of them says what is wrong.
local function candidates(core, schemes, claims)
  if schemes[2] == nil or not claims then return schemes end
  local found = {}
  for _, scheme in ipairs(schemes) do
    if core.jwts[scheme].issuer == claims.iss then found[#found + 1] = scheme end
  end
  return found[1] and found or schemes
end

--- Asks `prove(scheme)` for each candidate: {scheme -> proof} of those that the token is good for, or nil and the reason of the first
-- that it is not; `false` when `prove` can't say (nil without a reason).
local function proofs_of(core, schemes, claims, prove)
  local proofs, first
  for _, scheme in ipairs(candidates(core, schemes, claims)) do
    local proof, reason = prove(scheme)
    if proof then
      proofs = proofs or {}
      proofs[scheme] = proof
    elseif reason == nil then
      return false
    end
    first = first or reason
  end
  if proofs then return proofs end
  return nil, first
end

--- What is remembered of the token, where all of it still holds; false: it must be verified.
local function recall(core, schemes, known, r)
  return proofs_of(core, schemes, known.claims, function(scheme)
    return jwt.recall(core.jwts[scheme], known.proofs[scheme], known.claims, core.host, r)
  end)
end

--- Verifies and remembers the token: its claims, never its signature.
local function verify(core, schemes, value, id, r)
  local token = jwt.read(value)
  if token == nil then return nil, "authn.malformed" end
  local proofs, reason = proofs_of(core, schemes, schemes[2] and jwt.claims(token), function(scheme)
    return jwt.verify(core.jwts[scheme], token, core.host, r)
  end)
  if not proofs then return nil, reason end
  local known = core.tokens.get(id) or { proofs = {}, claims = token.claims, payload_text = token.payload_text }
  for _, scheme in ipairs(schemes) do known.proofs[scheme] = proofs[scheme] end
  core.tokens.put(id, known)
  return proofs, nil, known
end

--- Scheme -> proof and what the token says; or nil and the reason to refuse it.
local function prove(core, schemes, value, r)
  local id = core.host.cache_key(value)
  local known = core.tokens.get(id)
  local proofs, reason = false, nil
  if known then proofs, reason = recall(core, schemes, known, r) end
  if proofs == false then return verify(core, schemes, value, id, r) end
  if proofs == nil then core.tokens.forget(id) end
  return proofs, reason, known
end

--- Adds what the token proves. With several issuers it must be good for one.
local function check_token(core, schemes, value, r, verified)
  local proofs, reason, known = prove(core, schemes, value, r)
  if not proofs then return refusal(core, reason, BROKEN_TOKEN) end
  verified.subject, verified.claims, verified.tokens = known.claims.sub, known.claims, {}
  for _, scheme in ipairs(schemes) do -- in the order of names
    if proofs[scheme] then
      local forward = core.jwts[scheme].forward
      verified.schemes[scheme] = proofs[scheme].scopes
      verified.tokens[#verified.tokens + 1] = scheme
      if forward == "claims" then verified.claims_text = known.payload_text end
      if forward == "token" then verified.token_text = value end
    end
  end
  return nil
end

--- Notes the consumer of a credential, or returns the refusal.
local function prove_consumer(core, scheme, verified, challenge, consumer, reason)
  if consumer == nil then return refusal(core, reason, challenge) end
  verified.schemes[scheme], verified.consumers[consumer] = {}, true
  return nil
end

--- Authorization, which tokens and Basic share: where an operation takes both, the value says what it is.
local function check_authorization(core, asked, r, verified)
  local value = (asked.jwts[1] or asked.basics[1]) and r.header("authorization")[1]
  if not value then return nil end
  if asked.jwts[1] and not (asked.basics[1] and basic.is_meant(value)) then return check_token(core, asked.jwts, value, r, verified) end
  local refused
  for _, scheme in ipairs(asked.basics) do
    local control = core.data.basics[scheme]
    refused = refused
      or prove_consumer(core, scheme, verified, 'Basic realm="%s"', basic.check(value, control.keys, core.host.now(), core.host.sha256_hex))
  end
  return refused
end

local function check_keys(core, asked, r, verified)
  for _, scheme in ipairs(asked.keys) do
    local control = core.data.api_keys[scheme]
    local values = carrier.values(control, r)
    local refused = values[1] ~= nil
      and prove_consumer(core, scheme, verified, 'ApiKey realm="%s"', api_key.check(values, control.keys, core.host.now(), core.host.sha256_hex))
    if refused then return refused end
  end
  return nil
end

local function check_certificate(core, asked, r, verified)
  local certificate = asked.certificates[1] and r.certificate()
  for _, scheme in ipairs(certificate and asked.certificates or {}) do
    local control = core.data.mutual_tls[scheme]
    local refused = prove_consumer(core, scheme, verified, 'Certificate realm="%s"', mutual_tls.check(control, certificate))
    if refused then return refused end
  end
  return nil
end

--- "granted", "scopes" (all credentials, but not all scopes) or nil.
local function judge(alternative, verified)
  local result = "granted"
  for _, requirement in ipairs(alternative) do
    local scopes = verified.schemes[requirement.scheme]
    if scopes == nil then return nil end
    for _, scope in ipairs(requirement.scopes) do
      if not scopes[scope] then result = "scopes" end
    end
  end
  return result
end

local function missing(core, asked)
  for _, kind in ipairs(OF_KIND) do
    if asked[kind[1]][1] then return refusal(core, "authn.missing", kind[2]) end
  end
  error("an operation that asks for no credential, and is not public")
end

--- nil when one alternative holds, or the refusal.
local function check_alternatives(core, asked, verified)
  local result
  for _, alternative in ipairs(asked.alternatives) do
    local found = judge(alternative, verified)
    if found == "granted" then return nil end
    result = result or found
  end
  if result == nil then return missing(core, asked) end
  return M.lacks_scopes(core)
end

--- The consumer, nil for none; false when there is more than one.
local function only(consumers)
  local first = next(consumers)
  if first ~= nil and next(consumers, first) ~= nil then return false end
  return first
end

--- nil or the refusal {reason=, headers=}, and who was verified: {schemes = scheme -> scopes, tokens = schemes of the token by name,
-- subject=, claims=, consumer=, claims_text= and token_text= as far as they are to be forwarded}.
--
-- asked: {alternatives=, jwts=, keys=, basics=, certificates= schemes by kind, sorted}. r: `header(name)` -> list, `target`,
-- `certificate()` -> {uris=, dns_names=} of a client certificate that the listener trusts, or nil.
function M.check(core, asked, r)
  local verified = { schemes = {}, consumers = {}, tokens = {} }
  local refused = check_authorization(core, asked, r, verified)
    or check_keys(core, asked, r, verified)
    or check_certificate(core, asked, r, verified)
  verified.consumer = only(verified.consumers) or nil
  if refused or #asked.alternatives == 0 then return refused, verified end
  refused = check_alternatives(core, asked, verified)
  if refused == nil and only(verified.consumers) == false then refused = { reason = "authz.consumer" } end
  return refused, verified
end

--- The core that phases 5 and 6 work with: {data=, host=, jwts=, tokens=}. Raises for keys that can't be used.
--
-- host: `now()` seconds since 1970, `sha256_hex(text)`, `cache_key(text)`, and what `gwc.key_source` asks for.
function M.new(data, host)
  local core = { data = data, host = host, jwts = {}, tokens = token_cache.new(REMEMBERED_TOKENS) }
  for scheme, control in next, data.jwts do core.jwts[scheme] = jwt.prepare(control, scheme, host) end
  return core
end

return M
