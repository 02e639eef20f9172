--- SHA-256 (FIPS 180-4) in plain LuaJIT, for hosts that offer no digest of their own.
--
-- `require "gwc.sha256"` is a function: any string -> 64 lower-case hexadecimal digits.
local bit = require "bit"

local band, bnot, bxor, ror, rshift, tobit, tohex = bit.band, bit.bnot, bit.bxor, bit.ror, bit.rshift, bit.tobit, bit.tohex
local byte, char, rep = string.byte, string.char, string.rep

local BLOCK_BYTES = 64

--- The first 32 bits of the fractional part of `x`.
local function fraction(x)
  return tobit(math.floor((x % 1) * 2 ^ 32))
end

local function is_prime(n)
  for divisor = 2, math.floor(math.sqrt(n)) do
    if n % divisor == 0 then return false end
  end
  return true
end

--- The cube root of `n`, exact to the last bit that a double has: `n ^ (1 / 3)` alone may be one off in bit 32.
local function cube_root(n)
  local x = n ^ (1 / 3)
  return x - (x * x * x - n) / (3 * x * x)
end

local ROUND, INITIAL = {}, {}
local candidate = 2
while #ROUND < 64 do
  if is_prime(candidate) then
    ROUND[#ROUND + 1] = fraction(cube_root(candidate))
    if #INITIAL < 8 then INITIAL[#INITIAL + 1] = fraction(math.sqrt(candidate)) end
  end
  candidate = candidate + 1
end

--- The message with a one bit, zeroes, and its length in bits as a 64-bit number.
local function padded(message)
  local bits = #message * 8
  local high, low = math.floor(bits / 2 ^ 32), bits % 2 ^ 32
  local tail = {}
  for i = 3, 0, -1 do tail[#tail + 1] = char(math.floor(high / 256 ^ i) % 256) end
  for i = 3, 0, -1 do tail[#tail + 1] = char(math.floor(low / 256 ^ i) % 256) end
  return message .. "\128" .. rep("\0", (55 - #message) % BLOCK_BYTES) .. table.concat(tail)
end

--- Fills `words` with the 64 words of the message schedule of the block at `start`.
local function schedule(words, message, start)
  for i = 1, 16 do
    local a, b, c, d = byte(message, start + i * 4 - 4, start + i * 4 - 1)
    words[i] = tobit(a * 2 ^ 24 + b * 2 ^ 16 + c * 2 ^ 8 + d)
  end
  for i = 17, 64 do
    local x, y = words[i - 15], words[i - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    words[i] = tobit(words[i - 16] + s0 + words[i - 7] + s1)
  end
end

--- Adds one block to the state `hash`.
local function compress(hash, words)
  local a, b, c, d, e, f, g, h = hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8]
  for i = 1, 64 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local choice = bxor(band(e, f), band(bnot(e), g))
    local t1 = tobit(h + s1 + choice + ROUND[i] + words[i])
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local majority = bxor(band(a, b), band(a, c), band(b, c))
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + s0 + majority)
  end
  local out = { a, b, c, d, e, f, g, h }
  for i = 1, 8 do hash[i] = tobit(hash[i] + out[i]) end
end

return function(message)
  local hash, words = {}, {}
  for i = 1, 8 do hash[i] = INITIAL[i] end
  message = padded(message)
  for start = 1, #message, BLOCK_BYTES do
    schedule(words, message, start)
    compress(hash, words)
  end
  for i = 1, 8 do hash[i] = tohex(hash[i]) end
  return table.concat(hash)
end
