// Exact numbers. A number of JavaScript stands for the decimal that it was written as: an integer of at most 2^53 in magnitude, or at most
// 15 digits with an exponent that a double takes without rounding. Every other is a symbol whose description is `[-]<digits>e<exponent>`,
// digits without zeros at their ends. So two values are equal exactly when they are the same number or have the same description.

export default function decimal() {
  const INTEGERS = 9007199254740992; // 2^53
  const TOO_LARGE = '17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641' +
    '669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447573027006985557136695962284291' +
    '4819860834936475292719074168444365510704342711559699508093042880177904174497792'; // 2^1024 - 2^970: from here on a double is infinite

  const POWERS = [
    1, 10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ];
  const MAX_LITERAL = 1000;

  // The value of a literal that has the form of a JSON number; null: it is not finite as a double, smaller than 1e-308, or too long.
  function read(literal) {
    if (literal.length > MAX_LITERAL) return null;
    const found = /^-?([0-9]+)(?:\.([0-9]+))?(?:[Ee]([+-]?[0-9]+))?/.exec(literal), fraction = found[2] === undefined ? '' : found[2];
    return of(literal[0] === '-', found[1] + fraction, Number(found[3] === undefined ? 0 : found[3]) - fraction.length);
  }

  // The same for digits * 10^exponent.
  function of(isNegative, digits, exponent) {
    let from = 0, to = digits.length;
    while (digits[from] === '0') from++;
    if (from === to) return 0;
    while (digits[to - 1] === '0') to--;
    const places = digits.length - from + exponent, kept = digits.slice(from, to);
    return isInRange(kept, places) ? make(isNegative, kept, exponent + digits.length - to) : null;
  }

  // The same for a number of at most 15 digits.
  function small(isNegative, mantissa, exponent) {
    if (mantissa === 0) return 0;
    while (mantissa % 10 === 0) {
      mantissa /= 10;
      exponent++;
    }
    const signed = isNegative ? -mantissa : mantissa;
    if (exponent >= -22 && exponent <= 22) return exponent < 0 ? signed / POWERS[-exponent] : signed * POWERS[exponent];
    const digits = String(mantissa);
    return isInRange(digits, digits.length + exponent) ? Symbol(signed + 'e' + exponent) : null;
  }

  // `places`: of the number before its point.
  function isInRange(digits, places) { return places > -308 && places <= 309 && (places < 309 || digits < TOO_LARGE); }

  function make(isNegative, digits, exponent) {
    if (digits.length <= 15 && exponent >= -22 && exponent <= 22) return Number((isNegative ? '-' : '') + digits + 'e' + exponent);
    const integer = exponent >= 0 && digits.length + exponent <= 16 ? Number(digits + 'e' + exponent) : INTEGERS + 2;
    if (integer < INTEGERS || (integer === INTEGERS && digits === '9007199254740992')) return isNegative ? -integer : integer;
    return Symbol((isNegative ? '-' : '') + digits + 'e' + exponent);
  }

  // [is negative, digits, exponent] of a value; zero has no digits.
  function parts(value) {
    const text = typeof value === 'symbol' ? value.description : String(value);
    const found = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?/.exec(text), fraction = found[3] === undefined ? '' : found[3];
    const all = (found[2] + fraction).replace(/^0+/, ''), digits = all.replace(/0+(?![\s\S])/, '');
    return [found[1] === '-', digits, Number(found[4] === undefined ? 0 : found[4]) - fraction.length + all.length - digits.length];
  }

  // -1, 0 or 1. Each is a value, or the text of a decimal.
  function compare(a, b) {
    const left = parts(a), right = parts(b);
    if (left[1] === '' && right[1] === '') return 0;
    if (left[1] === '') return right[0] ? 1 : -1;
    if (right[1] === '') return left[0] ? -1 : 1;
    if (left[0] !== right[0]) return left[0] ? -1 : 1;
    const size = compareSizes(left, right);
    return left[0] ? -size : size;
  }

  function compareSizes(left, right) {
    const places = left[1].length + left[2] - right[1].length - right[2];
    if (places !== 0) return places < 0 ? -1 : 1;
    return left[1] === right[1] ? 0 : left[1] < right[1] ? -1 : 1;
  }

  // Whether a number or symbol is a multiple of <digits>e<exponent>: at most 14 digits, without zeros at the end.
  function isMultiple(value, digits, exponent) {
    if (typeof value === 'number' && exponent < 0 && exponent >= -22 && isSmall(value, -exponent)) {
      return isFraction(value, Number(digits), POWERS[-exponent]);
    }
    const dividend = parts(value), divisor = Number(digits), zeros = dividend[2] - exponent;
    if (dividend[1] === '') return true;
    if (zeros < 0) return false; // the divisor times ten would have to be in digits that end in none of 0
    let rest = 0;
    for (let i = 0; i < dividend[1].length; i++) rest = (rest * 10 + Number(dividend[1][i])) % divisor;
    for (let i = 0; i < zeros && rest !== 0; i++) rest = rest * 10 % divisor;
    return rest === 0;
  }

  // Whether a number times 10^places has at most 15 digits before the point.
  function isSmall(value, places) { return places < 15 && value < POWERS[15 - places] && value > -POWERS[15 - places]; }

  // Whether a small number is a multiple of divisor / scale. Different decimals of 15 digits are different numbers.
  function isFraction(value, divisor, scale) {
    const whole = Math.round(value * scale);
    return whole / scale === value && whole % divisor === 0;
  }

  function isInteger(symbol) { return symbol.description.indexOf('e-') < 0; }

  return { compare, isInteger, isMultiple, of, read, small, MAX_LITERAL };
}
