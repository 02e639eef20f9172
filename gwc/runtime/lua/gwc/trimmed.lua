--- A text without the spaces and tabs around it (RFC 9110 5.6.3), in linear time: no pattern of Lua does that when there are many inside.
local byte, find, sub = string.byte, string.find, string.sub

return function(text)
  local from = find(text, "[^ \t]")
  if from == nil then return "" end
  local to = #text
  while byte(text, to) == 32 or byte(text, to) == 9 do to = to - 1 end
  return sub(text, from, to)
end
