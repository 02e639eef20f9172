--- Phase 3 (gwc/controls/network_rule.py): rules about the client's address, each of which may refuse a request.
local zone = require "gwc.zone"

local M = {}

local DENIED = { reason = "network.denied" }

--- Number -> {denies=, set=}. rules: number -> {kind=}; sets: "n" and the number -> networks. Raises for anything incomplete.
function M.prepare(rules, sets)
  local prepared = {}
  for number, rule in next, rules do
    assert(rule.kind == "allow" or rule.kind == "deny", "a network rule of no kind")
    prepared[number] = { denies = rule.kind == "deny", set = zone.prepare(assert(sets["n" .. number])) }
  end
  return prepared
end

--- The rules with these numbers.
function M.of(prepared, numbers)
  local found = {}
  for i, number in ipairs(assert(numbers, "an operation without a list of network rules")) do
    found[i] = assert(prepared[number], "a network rule that is not there")
  end
  return found
end

--- nil, or the refusal. rules: of `of`; client: the address as a text.
function M.check(rules, client)
  if rules[1] == nil then return nil end
  local address = assert(zone.bytes(client), "a client without an address")
  for _, rule in ipairs(rules) do
    if zone.contains(rule.set, address) == rule.denies then return DENIED end
  end
  return nil
end

return M
