--- Expressions as automata over the bytes of UTF-8 texts (gwc/patterns/dfa.py): linear, and the same on every gateway.
local M = {}

local byte, find, sub = string.byte, string.find, string.sub

local DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
local DEAD, FOUND = -2, -1

local function digit(text, at)
  return find(DIGITS, sub(text, at, at), 1, true) - 1
end

--- The numbers of runs: each has its length and the number, of two digits to the base 64 each.
local function numbers(text)
  local out, count = {}, 0
  for at = 1, #text, 4 do
    local value = digit(text, at + 2) * 64 + digit(text, at + 3)
    for _ = 1, digit(text, at) * 64 + digit(text, at + 1) do
      out[count] = value
      count = count + 1
    end
  end
  return out, count
end

--- Where the row of a state begins; below zero the state is final.
local function offset(state, width)
  if state < 2 then return state - 2 end
  return (state - 2) * width
end

--- An automaton from its texts: the class of each byte, the next state of each state from 2 on and class, the accepting states.
function M.new(start, width, classes, rows, accepting)
  return { start = start, width = width, classes = classes, rows = rows, accepting = accepting }
end

local function unpacked(automaton)
  local width = automaton.width
  local rows, count = numbers(automaton.rows)
  for i = 0, count - 1 do rows[i] = offset(rows[i], width) end
  local accepting = {}
  local states, size = numbers(automaton.accepting)
  for i = 0, size - 1 do accepting[offset(states[i], width)] = true end
  automaton.state, automaton.next, automaton.accepts = offset(automaton.start, width), rows, accepting
  automaton.class = numbers(automaton.classes)
  return rows
end

--- Whether the expression is found in the text, which is UTF-8. Automata are unpacked when they are first used.
function M.matches(automaton, text)
  local rows = automaton.next or unpacked(automaton)
  local class, state = automaton.class, automaton.state
  for i = 1, #text do
    if state < 0 then break end
    state = rows[state + class[byte(text, i)]]
  end
  return state == FOUND or (state ~= DEAD and automaton.accepts[state] == true)
end

return M
