--- Phase 9: parameters and body are what the document says (docs/validation.md).
--
-- Only a judgement that is exactly `true` accepts. A compiled schema that says neither yes nor no, and whatever is not there, is an error.
local form = require "gwc.form"
local json_reader = require "gwc.json_reader"
local media_type = require "gwc.media_type"
local parameters = require "gwc.parameters"
local schema = require "gwc.schema"
local shape_of = require "gwc.shape"

local M = {}

local judge, is_utf8 = schema.judge, media_type.is_utf8

local FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"

local function invalid(reason, failures)
  return { reason = reason, errors = failures }
end

local function one_failure(reason, keyword)
  return invalid(reason, { { place = "body", pointer = "", keyword = keyword } })
end

--- A function that adds what does not hold of a value by the schema with a number, from 0.
local function new_judge(schemas)
  return function(number, value, pointer, failures, place)
    assert(value ~= nil, "a value that is not there")
    return judge(assert(schemas[number + 1], "a schema that is not there"), value, failures, place, pointer)
  end
end

local function unsupported() return { reason = "body.contentType" } end

local function judged_body(judge_by, number, value)
  local failures = {}
  if judge_by(number, value, "", failures, "body") == true then return true, value end
  return invalid("validate.body", failures)
end

local function judge_json(judge_by, number, text, limits)
  local value, kind, keyword = json_reader.decode(text, limits)
  if keyword then return one_failure("validate." .. kind, keyword) end
  return judged_body(judge_by, number, value)
end

local function judge_form(judge_by, number, value, fault)
  if fault == nil then return judged_body(judge_by, number, value) end
  if fault.kind == "body" then return invalid("validate.body", fault.failures) end
  return one_failure("validate." .. fault.kind, fault.keyword)
end

--- true and the value, if one was read; or the refusal of a body. asked.body(): its bytes.
local function check_body(rule, asked, judge_by)
  local kind, subtype, found = media_type.read(asked.content_type)
  local taken, full = media_type.rule_for(rule.media_types, kind, subtype), kind .. "/" .. subtype
  if taken == nil then return unsupported() end
  local limits = rule.parameters.limits
  if media_type.is_json(kind, subtype) then
    if taken.json == nil or not is_utf8(found) then return unsupported() end
    return judge_json(judge_by, taken.json, asked.body(), limits)
  end
  if full == FORM then
    if taken.form == nil or not is_utf8(found) then return unsupported() end
    return judge_form(judge_by, taken.form.schema, form.urlencoded(taken.form, asked.body(), limits))
  end
  if full == MULTIPART then
    if taken.multipart == nil or (found ~= nil and not is_utf8(found)) then return unsupported() end
    return judge_form(judge_by, taken.multipart.schema, form.multipart(taken.multipart, asked.body(), found, limits))
  end
  return taken.opaque or unsupported()
end

local function prepared(plain, shapes)
  local rule = { parameters = parameters.prepare(plain, shapes), media_types = {} }
  for i, one in ipairs(plain.mediaTypes) do
    rule.media_types[i] = {
      range = one.range, opaque = one.opaque, json = one.json, form = one.form and form.prepare(one.form, shapes),
      multipart = one.multipart and form.prepare(one.multipart, shapes),
    }
  end
  return rule
end

--- A function(rule, asked) -> true and the value of the body (as in gwc.json_value; nil: none was read), or the refusal {reason=, errors=}; one that makes a rule of the plan ready for it; and the judge of values
-- by the numbers of their schemas.
--
-- shapes: of the plan; compiled: the chunk that was printed for it (gwc/jsonschema/lua.py).
-- asked: {target = the raw one, header = function(name) -> list, has_body=, content_type = of a body, body = function() -> its bytes}.
function M.new(shapes, compiled)
  local judge_by, at = new_judge(compiled(schema)), shape_of.new(shapes)
  local function check(rule, asked)
    local failures = parameters.check(rule.parameters, asked, judge_by)
    if failures[1] then return invalid("validate.parameters", failures) end
    if not asked.has_body or rule.media_types[1] == nil then return true end
    return check_body(rule, asked, judge_by)
  end
  return check, function(plain) return prepared(plain, at) end, judge_by
end

return M
