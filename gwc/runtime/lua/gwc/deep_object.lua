--- The style deepObject (docs/validation.md): `p[a][b]=x` as objects and arrays inside one another.
--
-- A name can be as long as a request: nothing here calls itself.
local shape_of = require "gwc.shape"

local M = {}

local find, match, sub = string.find, string.match, string.sub

--- The keys in brackets from `at` on; nil when there is anything else.
local function keys_of(name, at)
  local keys = {}
  while at <= #name do
    local key, after = match(name, "^%[([^%[%]]*)%]()", at)
    if key == nil then return nil end
    keys[#keys + 1], at = key, after
  end
  return keys[1] and keys
end

--- The texts of the parameter: {{keys, text} ..}; nil when a name or a text can't be read. members: list of {name, raw text}, the names decoded.
function M.read(name, members, decode)
  local texts = { kind = "deep" }
  for i, member in ipairs(members) do
    local keys, text = keys_of(member[1], #name + 1), decode(member[2])
    if keys == nil or text == nil then return nil end
    texts[i] = { keys, text }
  end
  return texts
end

local function child_of(node, key, nodes)
  local child = key ~= "" and node.children[key] or nil
  if child == nil then
    child = { children = {}, keys = {} }
    nodes[#nodes + 1], node.keys[#node.keys + 1] = child, key
    if key == "" then
      node.items = node.items or {}
      node.items[#node.items + 1] = child
    else
      node.children[key] = child
    end
  end
  return child
end

--- Puts one text into the tree; whether there was room for it.
local function insert(nodes, keys, text)
  local node = nodes[1]
  for i, key in ipairs(keys) do
    if node.text or (key == "" and i < #keys) then return false end
    node = child_of(node, key, nodes)
  end
  if node.text or node.keys[1] then return false end
  node.text = text
  return true
end

--- The children by their keys, which are indexes; nil when those are not 0 to n-1.
local function by_index(node)
  local list = {}
  for _, key in ipairs(node.keys) do
    local index = tonumber(key)
    if index >= #node.keys then return nil end
    list[index + 1] = node.children[key]
  end
  return list
end

--- Whether all keys are empty or indexes, and whether one is empty.
local function look_at_keys(node)
  local may_be_array, has_empty = true, false
  for _, key in ipairs(node.keys) do
    has_empty = has_empty or key == ""
    may_be_array = may_be_array and (key == "" or key == "0" or (find(key, "^[1-9]%d*$") ~= nil and #key <= 6))
  end
  return may_be_array, has_empty
end

--- Decides what a place is, and gives its children their shapes; whether it is anything.
local function decide(node)
  local may_be_array, has_empty = look_at_keys(node)
  if may_be_array and node.shape.array then
    if has_empty then
      if #node.items ~= #node.keys then return false end
    else
      node.items = by_index(node)
      if node.items == nil then return false end
    end
    for i, child in ipairs(node.items) do child.shape = shape_of.item(node.shape, i) end
    return true
  end
  if has_empty then return false end
  for key, child in next, node.children do child.shape = shape_of.member(node.shape, key) end
  return true
end

--- The tree as the list of its places, each behind the one that it is in; nil when the texts contradict one another.
local function tree_of(texts, shape)
  local nodes = { { children = {}, keys = {}, shape = shape } }
  for _, entry in ipairs(texts) do
    if not insert(nodes, entry[1], entry[2]) then return nil end
  end
  for _, node in ipairs(nodes) do
    if node.text == nil and not decide(node) then return nil end
  end
  return nodes
end

local function beyond(texts, nodes, limits)
  for _, entry in ipairs(texts) do
    if #entry[1] > limits.jsonDepth then return "jsonDepth" end
  end
  if #texts > limits.jsonKeys then return "jsonKeys" end
  for _, node in ipairs(nodes) do
    if node.items and #node.items > limits.arrayItems then return "arrayItems" end
  end
  return nil
end

local function assemble(node)
  local value
  if node.items then
    value = { [0] = false }
    for i, child in ipairs(node.items) do value[i] = child.value end
  else
    value = { [0] = #node.keys }
    for key, child in next, node.children do value[key] = child.value end
  end
  return value
end

local function is_too_long(entry, most)
  if #entry[2] > most then return true end
  for _, key in ipairs(entry[1]) do
    if #key > most then return true end
  end
  return false
end

--- The value of the texts; nil and the keyword.
function M.value(texts, shape, limits)
  for _, entry in ipairs(texts) do
    if is_too_long(entry, limits.stringBytes) then return nil, "stringBytes" end
  end
  local nodes = tree_of(texts, shape)
  if nodes == nil then return nil, "style" end
  local limit = beyond(texts, nodes, limits)
  if limit then return nil, limit end
  for i = #nodes, 1, -1 do
    local node, fault = nodes[i], nil
    if node.text then node.value, fault = shape_of.read(node.shape, node.text) else node.value = assemble(node) end
    if fault then return nil, fault end
  end
  return nodes[1].value
end

--- Whether the name is one of the parameter's members.
function M.claims(parameter_name, name)
  return #name > #parameter_name and sub(name, 1, #parameter_name + 1) == parameter_name .. "["
end

return M
