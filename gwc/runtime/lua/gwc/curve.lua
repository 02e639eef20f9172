--- Whether a point is on its curve (SP 800-186 3.2.1), for hosts that can't ask when a key set arrives: Envoy imports one key for each
-- request, so that none of a set can be tried. Slow, and only ever asked about public keys.
local M = {}

local byte, char, floor, gsub, rep, tonumber = string.byte, string.char, math.floor, string.gsub, string.rep, tonumber

local LIMB = 2 ^ 24 -- three bytes; two limbs, doubled and added, are exact in a double

--- A number of big-endian bytes, least limb first.
local function number(bytes, limbs)
  local found = {}
  bytes = rep("\0", 3 * limbs - #bytes) .. bytes
  for i = 1, limbs do
    local high, middle, low = byte(bytes, 3 * (limbs - i) + 1, 3 * (limbs - i) + 3)
    found[i] = (high * 256 + middle) * 256 + low
  end
  return found
end

local function hex(text)
  return (gsub(text, "%x%x", function(digits) return char(tonumber(digits, 16)) end))
end

local function curve(bytes, p, b)
  local limbs = floor(bytes / 3) + 1
  return { bytes = bytes, limbs = limbs, p = number(hex(p), limbs), b = number(hex(b), limbs) }
end

-- y^2 = x^3 - 3x + b modulo p
local CURVES = {
  ["P-256"] = curve(
    32,
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
  ),
  ["P-384"] = curve(
    48,
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"
  ),
  ["P-521"] = curve(
    66,
    "01" .. rep("ff", 65),
    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"
  ),
}

local function is_less(a, b)
  for i = #a, 1, -1 do
    if a[i] ~= b[i] then return a[i] < b[i] end
  end
  return false
end

--- a + b modulo p, of numbers below p.
local function plus(a, b, p)
  local sum, carry = {}, 0
  for i = 1, #p do
    local limb = a[i] + b[i] + carry
    carry = limb >= LIMB and 1 or 0
    sum[i] = limb - carry * LIMB
  end
  if is_less(sum, p) then return sum end
  local borrow = 0
  for i = 1, #p do
    local limb = sum[i] - p[i] - borrow
    borrow = limb < 0 and 1 or 0
    sum[i] = limb + borrow * LIMB
  end
  return sum
end

--- a * b modulo p, bit by bit.
local function times(a, b, p)
  local product = {}
  for i = 1, #p do product[i] = 0 end
  for i = #a, 1, -1 do
    local bit = LIMB / 2
    while bit >= 1 do
      product = plus(product, product, p)
      if floor(a[i] / bit) % 2 == 1 then product = plus(product, b, p) end
      bit = bit / 2
    end
  end
  return product
end

local function is_equal(a, b)
  return not is_less(a, b) and not is_less(b, a)
end

--- Whether the coordinates (bytes of exactly the curve's size) are a point of the curve `name`.
function M.has(name, x_bytes, y_bytes)
  local of = assert(CURVES[name], "a curve that is not known")
  if #x_bytes ~= of.bytes or #y_bytes ~= of.bytes then return false end
  local p, x, y = of.p, number(x_bytes, of.limbs), number(y_bytes, of.limbs)
  if not (is_less(x, p) and is_less(y, p)) then return false end
  local left = plus(times(y, y, p), plus(plus(x, x, p), x, p), p)
  local right = plus(times(times(x, x, p), x, p), of.b, p)
  return is_equal(left, right)
end

return M
