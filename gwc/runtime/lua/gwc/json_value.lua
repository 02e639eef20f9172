--- JSON values in Lua: what the strict reader, parameters and forms make, and what compiled schemas judge.
--
-- null is `null`, booleans and strings are those of Lua (UTF-8). A number is a Lua number where that is exact, else a decimal (gwc.decimal).
-- An object is a table whose string keys are its members and whose [0] is how many they are; an array is a table whose [0] is `false` and
-- whose items are 1..n. So what a client names can't be taken for something else, and kind and size are known at once.
local M = {}

local type = type

--- What `null` is read as.
local NULL = setmetatable({}, { __tostring = function() return "null" end })
M.null = NULL

--- "null", "boolean", "number", "decimal", "string", "array" or "object".
function M.kind(value)
  local kind = type(value)
  if kind ~= "table" then return kind end
  local size = value[0]
  if size then return "object" end
  if size == false then return "array" end
  if value == NULL then return "null" end
  return "decimal"
end

return M
