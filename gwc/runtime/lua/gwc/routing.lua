--- From host, path and method to the one operation (gwc/controls/routing.py).
--
-- A trie of segments for each host. A node: `literals` (text -> node), `mixed` (list of {parts=, node=}, the most specific
-- first), `parameter` (node), `methods` (METHOD -> operation) where a template ends. The search goes literal, mixed,
-- parameter, and back where a branch turns out to be a dead end, so the first end that is found is the most specific template.
local M = {}

local find, gmatch, sub = string.find, string.gmatch, string.sub

local function new_node()
  return { literals = {}, mixed = {} }
end

--- Whether some way to give each parameter one or more characters spells `text`. parts: the literals around the parameters
-- (first and last may be empty). The leftmost place of every inner literal leaves the most room for the rest.
local function matches(parts, text)
  local first, last = parts[1], parts[#parts]
  if sub(text, 1, #first) ~= first then return false end
  local at = #first
  for i = 2, #parts - 1 do
    local _, stop = find(text, parts[i], at + 2, true)
    if stop == nil then return false end
    at = stop
  end
  return #text - #last > at and sub(text, #text - #last + 1) == last
end

local function mixed_child(node, parts)
  local form = table.concat(parts, "{}")
  for _, child in ipairs(node.mixed) do
    if child.form == form then return child.node end
  end
  local literal_bytes = #form - 2 * (#parts - 1)
  local child = { form = form, literal_bytes = literal_bytes, parts = parts, node = new_node() }
  table.insert(node.mixed, child)
  table.sort(node.mixed, function(a, b)
    if a.literal_bytes ~= b.literal_bytes then return a.literal_bytes > b.literal_bytes end
    return a.form < b.form
  end)
  return child.node
end

--- The node below `node` for one segment of a template: a text is a literal, a list the parts around its parameters.
local function child(node, segment)
  if type(segment) == "string" then
    node.literals[segment] = node.literals[segment] or new_node()
    return node.literals[segment]
  end
  if #segment == 2 and segment[1] == "" and segment[2] == "" then
    node.parameter = node.parameter or new_node()
    return node.parameter
  end
  return mixed_child(node, segment)
end

--- Adds an operation {method=, hosts=, path=} to the tries of its hosts. Raises when its place is taken.
function M.add(tries, operation)
  for _, host in ipairs(operation.hosts) do
    tries[host] = tries[host] or new_node()
    local node = tries[host]
    for _, segment in ipairs(operation.path) do node = child(node, segment) end
    node.methods = node.methods or {}
    assert(node.methods[operation.method] == nil, "two operations of one method and template")
    node.methods[operation.method] = operation
  end
end

local function search(node, segments, at)
  local segment = segments[at]
  if segment == nil then return node.methods end
  local found
  local literal = node.literals[segment]
  if literal then found = search(literal, segments, at + 1) end
  for i = 1, found and 0 or #node.mixed do
    local mixed = node.mixed[i]
    if matches(mixed.parts, segment) then found = search(mixed.node, segments, at + 1) end
    if found then break end
  end
  if not found and node.parameter and segment ~= "" then found = search(node.parameter, segments, at + 1) end
  return found
end

--- METHOD -> operation of the most specific template that matches the path in full; nil: there is none.
function M.find(tries, host, path)
  local root = tries[host]
  if root == nil then return nil end
  local segments, count = {}, 0
  for segment in gmatch(sub(path, 2) .. "/", "([^/]*)/") do
    count = count + 1
    segments[count] = segment
  end
  return search(root, segments, 1)
end

--- The value of `Allow`.
function M.allow(methods)
  local names = {}
  for name in next, methods do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

return M
