--- Exact numbers: those that a double does not hold, compared and divided by their decimal digits.
--
-- A literal is plain, and read as a Lua number, when its value is an integer of at most 2^53 in magnitude or has at most 15 significant
-- digits: then different values are different doubles, in the same order. Every other is a decimal, a table {negative =, digits =,
-- exponent =}: digits without zeros at their ends, the first of which has the place value 10^exponent. A decimal never equals a number.
local M = {}

local abs, byte, find, format, match = math.abs, string.byte, string.find, string.format, string.match
local tonumber, type = tonumber, type

local MAX_CHARACTERS = 1000
local MIN_EXPONENT = -308 -- of the first digit; what is smaller would lose digits, or be 0, as a double
local LITERAL = "^(-?)(%d+)%.?(%d*)[eE]?([+-]?%d*)$"
local LARGEST_INTEGER = "9007199254740992" -- 2^53
local EXACT_REMAINDER = 2 ^ 47 -- up to here `%` of integers does not round

--- The value of a literal that has the form of a JSON number; nil when it is beyond the range or longer than `max_characters`, which is 1,000 for
-- whatever a client sends.
function M.read(literal, max_characters)
  if #literal > (max_characters or MAX_CHARACTERS) then return nil end
  local sign, whole, fraction, exponent = match(literal, LITERAL)
  local all = whole .. fraction
  local first = find(all, "[1-9]")
  if first == nil then return 0 end
  local place = #whole - first + (tonumber(exponent) or 0)
  if place < MIN_EXPONENT or place > -MIN_EXPONENT then return nil end
  local double = tonumber(literal)
  if double - double ~= 0 then return nil end -- infinite
  local digits = match(all, "^0*(.*[1-9])")
  if #digits <= 15 or (#digits == 16 and place == 15 and digits <= LARGEST_INTEGER) then return double end
  return { negative = sign == "-", digits = digits, exponent = place }
end

--- Negative, digits and exponent of a number or decimal. No digits: zero.
local function parts(number)
  if type(number) == "table" then return number.negative, number.digits, number.exponent end
  if number == 0 then return false, "", 0 end
  local size = abs(number)
  if size >= 1e15 and size <= 2 ^ 53 then
    return number < 0, match(format("%.0f", size), "^(.*[1-9])"), 15
  end
  local first, others, exponent = match(format("%.14e", size), "^(%d)%.(%d+)e(.*)$")
  return number < 0, match(first .. others, "^(.*[1-9])"), tonumber(exponent)
end

local function compare_sizes(digits, exponent, other_digits, other_exponent)
  if exponent ~= other_exponent then return exponent < other_exponent and -1 or 1 end
  if digits == other_digits then return 0 end
  return digits < other_digits and -1 or 1
end

--- -1, 0 or 1: how two numbers or decimals compare.
function M.compare(a, b)
  local negative, digits, exponent = parts(a)
  local other_negative, other_digits, other_exponent = parts(b)
  if digits == "" or other_digits == "" then
    if digits == other_digits then return 0 end
    if digits == "" then return other_negative and 1 or -1 end
    return negative and -1 or 1
  end
  if negative ~= other_negative then return negative and -1 or 1 end
  local order = compare_sizes(digits, exponent, other_digits, other_exponent)
  return negative and -order or order
end

--- Whether a number or decimal has no fraction.
function M.is_integer(number)
  if type(number) == "number" then return number % 1 == 0 end
  return #number.digits <= number.exponent + 1
end

--- `digits` followed by `zeros` zeros, modulo the integer `divisor` < 10^14.
local function remainder(digits, zeros, divisor)
  local rest = 0
  for i = 1, #digits do rest = (rest * 10 + byte(digits, i) - 48) % divisor end
  for _ = 1, zeros do
    if rest == 0 then return 0 end
    rest = rest * 10 % divisor
  end
  return rest
end

--- Whether the number is a whole multiple of `divisor` * 10^`power`; the divisor is an integer in 1..10^14-1 that 10 does not divide.
-- `step`: the product where it is an integer of at most 2^47, else nil.
function M.is_multiple(number, divisor, power, step)
  if step and type(number) == "number" and abs(number) < EXACT_REMAINDER and number % 1 == 0 then return number % step == 0 end
  local _, digits, exponent = parts(number)
  if digits == "" then return true end
  local zeros = exponent - #digits + 1 - power
  return zeros >= 0 and remainder(digits, zeros, divisor) == 0
end

--- A text that is equal for equal numbers only.
function M.key(number)
  if type(number) == "number" then return format("%.17g", number) end
  return (number.negative and "-" or "") .. number.digits .. "E" .. number.exponent
end

return M
