--- Parameters of a request (docs/validation.md): where their texts are, and which of them do not hold.
local deep_object = require "gwc.deep_object"
local json = require "gwc.json"
local percent = require "gwc.percent"
local reading_of = require "gwc.reading"
local trimmed = require "gwc.trimmed"

local M = {}

local find, gmatch, gsub, lower, match, sub = string.find, string.gmatch, string.gsub, string.lower, string.match, string.sub

local function of_query(text) return percent.decode(text, true) end
local function of_path(text) return percent.decode(text, false) end

local function of_header(text)
  text = trimmed(text)
  return json.is_utf8(text) and text or nil
end

local DECODE = { path = of_path, query = of_query, header = of_header, cookie = of_path }

--- The pointer to a member of that name.
function M.pointer(name)
  return "/" .. gsub(gsub(name, "~", "~0"), "/", "~1")
end

--- Name and text of a part, at its first `=`.
local function assignment(part)
  local at = find(part, "=", 1, true)
  if at == nil then return part, "" end
  return sub(part, 1, at - 1), sub(part, at + 1)
end

--- Parts of a query or a form: list of {name decoded, or nil, raw text}.
function M.parts(text)
  local found = {}
  for part in gmatch(text, "[^&]+") do
    local name, raw = assignment(part)
    found[#found + 1] = { of_query(name), raw }
  end
  return found
end

local function append(lists, name, value)
  local list = lists[name] or {}
  list[#list + 1], lists[name] = value, list
end

--- Who claims a name: {own = name -> list of numbers, members = name -> list of numbers, deep = list of {number, name}, rest = list of numbers}.
-- readings: list of {name=, reading=, takes_rest=}, of which a number is the place.
function M.claims(readings)
  local claims = { own = {}, members = {}, deep = {}, rest = {}, declared = {} }
  for number, one in ipairs(readings) do
    claims.declared[one.name] = true
    if one.reading.text or not one.reading.has_members then append(claims.own, one.name, number) end
    if one.reading.style == "deepObject" then claims.deep[#claims.deep + 1] = { number, one.name } end
    if one.reading.in_members then
      for _, name in ipairs(one.reading.shape.names) do append(claims.members, name, number) end
      if one.takes_rest then claims.rest[#claims.rest + 1] = number end
    end
  end
  return claims
end

local NOBODY = {}

--- Gives a part to those that claim its name; whether there is one.
local function deal(claims, sent, name, raw)
  local found = false
  for _, number in ipairs(claims.own[name] or NOBODY) do
    local own = sent[number].own
    own[#own + 1], found = raw, true
  end
  local member = { name, raw }
  local function give(number)
    local members = sent[number].members
    members[#members + 1], found = member, true
  end
  for _, number in ipairs(claims.members[name] or NOBODY) do give(number) end
  if not claims.declared[name] then
    for _, deep in ipairs(claims.deep) do
      if deep_object.claims(deep[2], name) then give(deep[1]) end
    end
  end
  return found
end

--- What was sent of each reading, by its number, and the parts that nobody claims. known: names that are somebody else's.
function M.dealt(claims, count, parts, known)
  local sent, others = {}, {}
  for number = 1, count do sent[number] = { own = {}, members = {} } end
  for _, part in ipairs(parts) do
    local name = part[1]
    if name == nil then
      others[#others + 1] = part
    elseif not deal(claims, sent, name, part[2]) and not known[name] then
      for _, number in ipairs(claims.rest) do
        local members = sent[number].members
        members[#members + 1] = part
      end
      if claims.rest[1] == nil then others[#others + 1] = part end
    end
  end
  return sent, others
end

local function nothing() return { own = {}, members = {} } end

local UNREADABLE = "%" -- nothing decodes it

--- The last place before `limit` where a text with `literal` behind it may end.
local function last_before(text, literal, limit)
  for at = limit - #literal, 2, -1 do
    if sub(text, at, at + #literal - 1) == literal then return at end
  end
  return nil
end

--- Where each literal between two texts begins when each text is as long as possible: from the last to the first.
local function last_places(text, literals, stop)
  local places, limit = {}, stop
  for i = #literals - 1, 2, -1 do
    local at = assert(last_before(text, literals[i], limit), "a path of another template")
    places[i], limit = at, at - 1
  end
  return places
end

--- Text number `number` (from 0) between the literals, none being empty. The first division must be the last, or nobody knows which is meant.
local function text_between(segment, literals, number)
  local stop = #segment - #literals[#literals]
  assert(sub(segment, 1, #literals[1]) == literals[1] and sub(segment, stop + 1) == literals[#literals], "a path of another template")
  local from, found, last = #literals[1] + 1, nil, last_places(segment, literals, stop)
  for i = 2, #literals do
    local at = i == #literals and stop + 1 or find(segment, literals[i], from + 1, true)
    if i < #literals and at ~= last[i] then return UNREADABLE end
    if i - 2 == number then found = sub(segment, from, at - 1) end
    from = at + #literals[i]
  end
  return found
end

local function in_path(parameter, path)
  local number = 0
  for segment in gmatch(path, "/([^/]*)") do
    if number == parameter.segment then
      return { own = { text_between(segment, parameter.literals, parameter.number) }, members = {} }
    end
    number = number + 1
  end
  error("a path of another template")
end

local function in_header(parameter, asked)
  local fields = asked.header(parameter.field)
  if fields[2] ~= nil and (parameter.reading.array or parameter.reading.object) then fields = { table.concat(fields, ",") } end
  return { own = fields, members = {} }
end

--- Whether readers of cookies agree: some take blanks around the equals sign away, some read escapes in quoted text.
local function is_clear(name, raw)
  return not find(name, "[ \t]$") and not find(raw, "^[ \t]") and not find(raw, '^".*\\')
end

--- Name without blanks -> raw texts.
local function cookies(asked)
  local found = {}
  for _, field in ipairs(asked.header("cookie")) do
    for part in gmatch(field, "[^;]+") do
      local cookie = trimmed(part)
      if cookie ~= "" then
        local name, raw = assignment(cookie)
        append(found, trimmed(name), is_clear(name, raw) and raw or UNREADABLE)
      end
    end
  end
  return found
end

--- Reads what was sent, by location; the second result: names in the query that nobody claims.
local function sent_of(rule, asked)
  local path, query = match(asked.target, "^([^?]*)%??(.*)$")
  local of_queries, others = M.dealt(rule.claims, #rule.queries, rule.reads_query and M.parts(query) or NOBODY, rule.known)
  local in_cookies = rule.reads_cookies and cookies(asked)
  local sent = {}
  for i, parameter in ipairs(rule.parameters) do
    if parameter.place == "query" then sent[i] = of_queries[parameter.number]
    elseif parameter.place == "path" then sent[i] = in_path(parameter, path)
    elseif parameter.place == "header" then sent[i] = in_header(parameter, asked)
    else
      sent[i] = nothing()
      sent[i].own = in_cookies[parameter.name] or NOBODY
    end
  end
  return sent, others
end

--- Whether one empty text stands for nothing sent; the second result: whether it is good as it is.
local function is_blank(parameter, sent)
  if parameter.place ~= "query" or sent.own[1] ~= "" or sent.own[2] ~= nil or sent.members[1] ~= nil then return false, false end
  local reading = parameter.reading
  local is_other = not reading.array and not reading.object and reading.style ~= "json" and not reading.shape.string
  return is_other, parameter.allow_empty
end

--- Adds the failures of one parameter. judge: function(number of a schema, value, pointer, failures, place).
local function check_one(parameter, sent, rule, failures, judge)
  local function fail(keyword) failures[#failures + 1] = { place = parameter.place, pointer = parameter.pointer, keyword = keyword } end
  local is_missing, is_good = is_blank(parameter, sent)
  if is_good then return end
  if is_missing or (sent.own[1] == nil and sent.members[1] == nil) then
    if parameter.required then fail("required") end
    return
  end
  local value, keyword = reading_of.value(parameter.reading, parameter.name, sent, DECODE[parameter.place], rule.limits)
  if keyword then return fail(keyword) end
  judge(parameter.schema, value, parameter.pointer, failures, parameter.place)
end

--- The failures of the parameters, in their order. rule: of `prepare`; asked: {target=, header = function(name) -> list}.
function M.check(rule, asked, judge)
  local failures = {}
  local sent, others = sent_of(rule, asked)
  for i, parameter in ipairs(rule.parameters) do check_one(parameter, sent[i], rule, failures, judge) end
  if rule.closed_query and others[1] ~= nil then failures[#failures + 1] = { place = "query", pointer = "", keyword = "unknown" } end
  return failures
end

local function prepared(plain, shapes)
  return {
    place = plain["in"], name = plain.name, field = lower(plain.name), pointer = M.pointer(plain.name), required = plain.required,
    allow_empty = plain.allowEmpty, takes_rest = plain.takesRest, schema = plain.schema, segment = plain.segment, literals = plain.literals,
    number = plain.number, reading = reading_of.prepare(plain, shapes, plain["in"] == "query"),
  }
end

--- The parameters of a rule of the plan, ready to be looked for.
function M.prepare(plain, shapes)
  local rule = { parameters = {}, queries = {}, known = {}, closed_query = plain.closedQuery, limits = plain.limits }
  for i, parameter in ipairs(plain.parameters) do
    local one = prepared(parameter, shapes)
    rule.parameters[i] = one
    if one.place == "query" then
      rule.queries[#rule.queries + 1] = one
      one.number = #rule.queries
    end
    rule.reads_cookies = rule.reads_cookies or one.place == "cookie"
  end
  for _, name in ipairs(plain.knownQuery) do rule.known[name] = true end
  rule.claims = M.claims(rule.queries)
  rule.reads_query = rule.closed_query or rule.queries[1] ~= nil
  return rule
end

return M
