--- Network zones (gwc/controls/zone.py): sets of networks, looked up by one hash for each length of a prefix.
local M = {}

local byte, char, find, floor, match, rep, sub, tonumber =
  string.byte, string.char, string.find, math.floor, string.match, string.rep, string.sub, tonumber

local MAPPED = rep("\0", 10) .. "\255\255" -- ::ffff:0:0/96: an IPv4 address

local function ipv4(text)
  local out = ""
  local a, b, c, d = match(text, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if a == nil then return nil end
  for _, part in ipairs { a, b, c, d } do
    if tonumber(part) > 255 then return nil end
    out = out .. char(tonumber(part))
  end
  return out
end

--- The bytes of groups such as `2001:db8`; nil for anything else. At the end of an address the last one may be an IPv4 address.
local function groups(text, is_end)
  if text == "" then return "" end
  local out, left = "", text
  while left do
    local group, after = match(left, "^([^:]*):?(.*)$")
    local is_last = find(left, ":", 1, true) == nil
    local number = match(group, "^%x%x?%x?%x?$") and tonumber(group, 16)
    local bytes = number and char(floor(number / 256), number % 256) or (is_last and is_end and ipv4(group)) or nil
    if bytes == nil or #out + #bytes > 16 then return nil end
    out, left = out .. bytes, not is_last and after or nil
  end
  return out
end

local function ipv6(text)
  local head, tail = match(text, "^(.-)::(.*)$")
  if head == nil then
    local whole = groups(text, true)
    return whole and #whole == 16 and whole or nil
  end
  local before, after = groups(head, false), groups(tail, true)
  if before == nil or after == nil or #before + #after > 14 then return nil end
  return before .. rep("\0", 16 - #before - #after) .. after
end

--- The 4 or 16 bytes of an address, nil when it is none. One that is mapped into IPv6 is an IPv4 address.
function M.bytes(text)
  local found = ipv4(text) or (find(text, ":", 1, true) and ipv6(text)) or nil
  if found and #found == 16 and sub(found, 1, 12) == MAPPED then return sub(found, 13) end
  return found
end

--- The first `bits` bits of an address as a text; what follows in the last byte is 0.
function M.prefix(address, bits)
  local whole, rest = floor(bits / 8), bits % 8
  local out = sub(address, 1, whole)
  if rest == 0 then return out end
  local step = 2 ^ (8 - rest)
  return out .. char(floor(byte(address, whole + 1) / step) * step)
end

--- A set of networks such as `10.20.0.0/16`. Raises for a text that is none.
function M.prepare(networks)
  local lengths, by_length = {}, {}
  for _, network in ipairs(networks) do
    local text, bits = match(network, "^(.*)/(%d+)$")
    local address = assert(M.bytes(text), "not a network")
    bits = assert(tonumber(bits) <= #address * 8 and tonumber(bits), "not a network")
    local id = #address .. "/" .. bits
    if by_length[id] == nil then
      by_length[id] = { family = #address, bits = bits, prefixes = {} }
      lengths[#lengths + 1] = by_length[id]
    end
    by_length[id].prefixes[M.prefix(address, bits)] = true
  end
  return lengths
end

--- Whether the address (bytes, or nil for none) is in one of the networks of the set.
function M.contains(set, address)
  if address == nil then return false end
  for _, length in ipairs(set) do
    if length.family == #address and length.prefixes[M.prefix(address, length.bits)] then return true end
  end
  return false
end

return M
