--- What upstreams answer, compared with the document (docs/validation.md): one word for the log and the counter. Nothing is changed or refused.
local json_reader = require "gwc.json_reader"
local media_type = require "gwc.media_type"

local M = {}

local find, format, lower = string.find, string.format, string.lower

local WITHOUT_BODY = { [204] = true, [205] = true, [304] = true }

--- The rule of a status: exactly, by its range, or the rule for all others.
local function rule_for(responses, status)
  return responses[format("%d", status)] or responses[format("%dXX", math.floor(status / 100))] or responses.default
end

local function generality(range)
  return range == "*/*" and 3 or find(range, "/*", 1, true) and 2 or 1
end

local function is_coded(text)
  return text ~= nil and text ~= "" and lower(text) ~= "identity"
end

--- What is to be done with the body of an answer: a word, or the schema that judges it.
local function schema_for(rule, answer)
  if answer.content_type == nil or not media_type.is_type(answer.content_type) then return "contentType" end
  local kind, subtype, parameters = media_type.read(answer.content_type)
  local entry = media_type.rule_for(rule, kind, subtype) -- {range=, schema= of JSON}
  if entry == nil then return "contentType" end
  if entry.schema == nil or not media_type.is_json(kind, subtype) then return "unchecked" end
  if not media_type.is_utf8(parameters) or is_coded(answer.content_encoding) then return "unchecked" end
  return nil, entry.schema
end

--- Whether the answer is to be read: what is known of it before its body.
local function look(watch, answer)
  local rule = rule_for(watch.responses, answer.status)
  if rule == nil then return "status" end
  if answer.method == "HEAD" or WITHOUT_BODY[answer.status] or answer.status < 200 then return "unchecked" end
  return nil, rule
end

--- The word. judge: function(number of a schema, value, pointer, failures, place) -> true when it holds.
-- answer: {method=, status=, content_type=, content_encoding= (nil: none), bytes=, text= (nil: more than the limit, or not whole)}.
function M.word(watch, answer, judge)
  local word, rule = look(watch, answer)
  if word then return word end
  if answer.bytes == 0 then return rule[1] == nil and "valid" or "contentType" end
  if rule[1] == nil then return "contentType" end
  local schema
  word, schema = schema_for(rule, answer)
  if word then return word end
  if answer.text == nil then return "unchecked" end
  local value, kind, keyword = json_reader.decode(answer.text, watch.limits)
  if keyword then return kind end
  return judge(schema, value, "", {}, "body") == true and "valid" or "body"
end

--- What is watched of an operation: {responses=, limits=, max_bytes=}; nil where nothing is. plain: its rule in the plan.
function M.prepare(plain, max_bytes)
  if plain.responses[1] == nil then return nil end
  local responses = {}
  for _, response in ipairs(plain.responses) do
    local rule = {}
    for _, judged in ipairs(response.mediaTypes) do rule[#rule + 1] = { range = judged.range, schema = judged.schema } end
    for _, range in ipairs(response.others) do rule[#rule + 1] = { range = range } end
    table.sort(rule, function(a, b) return generality(a.range) < generality(b.range) end)
    responses[response.status] = rule
  end
  return { responses = responses, limits = plain.limits, max_bytes = max_bytes }
end

return M
