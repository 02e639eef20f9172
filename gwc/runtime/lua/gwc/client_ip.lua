--- Whose request it is (gwc/controls/client_ip.py), on hosts whose gateway does not walk the list of proxies itself.
local zone = require "gwc.zone"

local M = {}

local byte, find, format, gmatch, gsub, match, sub, tonumber =
  string.byte, string.find, string.format, string.gmatch, string.gsub, string.match, string.sub, tonumber

local MAX_ADDRESSES = 32
local PORT = ":([1-9]%d?%d?%d?%d?)$"

local function ipv4(text)
  if not find(text, "^%d+%.%d+%.%d+%.%d+$") or find("." .. text, "%.0%d") then return nil end
  return zone.bytes(text)
end

local function ipv6(text)
  if find(text, ".", 1, true) then return nil end
  local _, groups = gsub(text, "%x+", "")
  if groups > 6 and find(text, "::", 1, true) then return nil end
  local bytes = zone.bytes(text)
  return bytes and #bytes == 16 and sub(bytes, 1, 2) ~= "\0\0" and bytes or nil
end

--- The bytes of an element; nil: it is no address.
local function address(text)
  local inside, port = match(text, "^%[([^%[%]]*)%]" .. PORT)
  if inside then return tonumber(port) <= 65535 and ipv6(inside) or nil end
  inside, port = match(text, "^([%d.]*)" .. PORT)
  if inside then return tonumber(port) <= 65535 and ipv4(inside) or nil end
  return ipv4(text) or ipv6(text)
end

--- The bytes of all elements; nil: the list can't be read.
local function addresses(list)
  local found = {}
  for element in gmatch(list .. ",", "([^,]*),") do
    local bytes = #found < MAX_ADDRESSES and address(match(element, "^ *(.-) *$"))
    if not bytes then return nil end
    found[#found + 1] = bytes
  end
  return found
end

--- The first group and the number of the longest run of zeros, which has two groups at least.
local function zeros(groups)
  local best, length, at = nil, 1, 1
  while at <= 8 do
    local stop = at
    while stop <= 8 and groups[stop] == "0" do stop = stop + 1 end
    if stop - at > length then best, length = at, stop - at end
    at = stop + 1
  end
  return best, length
end

--- The canonical text of an address (RFC 5952).
function M.text(bytes)
  if #bytes == 4 then return table.concat({ byte(bytes, 1, 4) }, ".") end
  local groups = {}
  for i = 1, 15, 2 do groups[#groups + 1] = format("%x", byte(bytes, i) * 256 + byte(bytes, i + 1)) end
  local first, length = zeros(groups)
  if first == nil then return table.concat(groups, ":") end
  return table.concat(groups, ":", 1, first - 1) .. "::" .. table.concat(groups, ":", first + length, 8)
end

--- The client's address as bytes and as a text; nil for a list that can't be read. proxies: a set of `gwc.zone`; list: a text or nil.
function M.find(proxies, peer, list)
  local bytes = zone.bytes(peer)
  if list == nil or list == "" or not zone.contains(proxies, bytes) then return bytes, peer end
  local found = addresses(list)
  if found == nil then return nil end
  local at = #found
  while at > 1 and zone.contains(proxies, found[at]) do at = at - 1 end
  return found[at], M.text(found[at])
end

--- What counts as one client: an IPv4 address whole, of an IPv6 one the prefix.
function M.network(bytes, ipv6_prefix)
  local kept = #bytes == 16 and zone.prefix(bytes, ipv6_prefix) or bytes
  return #bytes .. (kept:gsub(".", function(c) return format("%02x", byte(c)) end))
end

return M
