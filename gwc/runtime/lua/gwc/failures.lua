--- What did not hold in a request (`errors` of a problem document): the places and keywords of the document, never a value or a name of the client.
local M = {}

local byte, find, format, gsub = string.byte, string.find, string.format, string.gsub

--- So many of them are told.
M.MOST = 5

local PLACES = { path = true, query = true, header = true, cookie = true, body = true }
local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(character)
  return ESCAPES[character] or format("\\u%04x", byte(character))
end

--- One of them: place, pointer (RFC 6901, in UTF-8), keyword.
local function text_of(failure)
  assert(PLACES[failure.place] and find(failure.keyword, "^%a+$"), "not a place or not a keyword")
  local pointer = gsub(failure.pointer, '[%z\1-\31"\\]', escape)
  return '{"in":"' .. failure.place .. '","pointer":"' .. pointer .. '","keyword":"' .. failure.keyword .. '"}'
end

--- A JSON list of the first failures, written as JavaScript would; list: {place=, pointer=, keyword=} in the order of evaluation.
function M.text(list)
  local parts = {}
  for i = 1, math.min(#list, M.MOST) do parts[i] = text_of(list[i]) end
  return "[" .. table.concat(parts, ",") .. "]"
end

return M
