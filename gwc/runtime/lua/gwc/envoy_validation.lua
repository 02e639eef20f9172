--- Phase 9 in Envoy's Lua filters (1.40): requests, and what upstreams answer. A route names its rule.
local response_validation = require "gwc.response_validation"
local validation = require "gwc.validation"

local M = {}

local REASON = "x-gwc-reason" -- of an answer of the gateway itself
local WORD = "gwc.response"

local function new_validate(rules, check, values)
  return function(h, headers, buffer, bytes)
    local rule = rules[assert(h:filterContext():get("rule"), "the route does not say")]
    assert(rule ~= nil, "the route says something unknown")
    if rule == false then return nil end
    local function header(name) return values(headers, name) end
    local verdict = check(rule, {
      target = headers:get(":path"), header = header, has_body = bytes > 0, content_type = headers:get("content-type"),
      body = function() return buffer:getBytes(0, bytes) end,
    })
    if verdict == true then return nil end
    assert(verdict.reason, "a verdict without a reason")
    return verdict
  end
end

--- The bytes of an answer, and its text when it is not longer than `most`. Each chunk goes on to the client as it comes.
local function read(h, most)
  local parts, bytes = {}, 0
  for chunk in h:bodyChunks() do
    local length = chunk:length()
    bytes = bytes + length
    if bytes <= most then parts[#parts + 1] = chunk:getBytes(0, length) else parts = {} end
  end
  return bytes, bytes <= most and table.concat(parts) or nil
end

--- The word about an answer; nil: nothing is watched.
local function word_of(h, watched, lanes, judge)
  local headers, context = h:headers(), h:filterContext()
  local watch = watched[context:get("rule")]
  if watch == nil or headers:get(REASON) then return nil end
  local answer = {
    method = watch.is_head and "HEAD", status = tonumber(headers:get(":status")), content_type = headers:get("content-type"),
    content_encoding = headers:get("content-encoding"),
  }
  answer.bytes, answer.text = read(h, lanes[context:get("lane")].body.max_bytes)
  return response_validation.word(watch, answer, judge)
end

local function new_watch(watched, lanes, judge)
  return function(h)
    local ok, word = pcall(word_of, h, watched, lanes, judge)
    if not ok then
      h:logErr("gwc: " .. tostring(word))
      word = "unchecked"
    end
    if word then h:streamInfo():dynamicMetadata():set(WORD, "word", word) end
  end
end

--- validate: a function(h, headers, body, bytes) -> nothing or a refusal; nil where no request is validated. watch: a function(h) for answers,
-- which never changes them; nil where none is watched. data: of the filter, with `lanes`, and `validations` (name -> rule or false).
-- values: function(headers, name) -> list.
function M.new(data, values)
  local check, prepare, judge = validation.new(data.shapes, require "gwc.schemas")
  local rules, watched = {}, {}
  for name, plain in next, data.validations do
    rules[name] = plain and prepare(plain)
    watched[name] = plain and response_validation.prepare(plain) or nil
    if watched[name] then watched[name].is_head = plain.isHead end
  end
  return new_validate(rules, check, values), next(watched) and new_watch(watched, data.lanes, judge) or nil
end

return M
