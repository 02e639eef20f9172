// Reads texts that JSON.parse takes, byte by byte: exact numbers, no member twice, no lone surrogates, no number that only njs takes.
// Bytes, and what stands in one function, because njs reads a byte of a Buffer much faster than a character, and calls cost most.
import decimal from 'decimal.js';
import put from 'put.js';

export default function jsonBytes() {
  const stop = { kind: '', name: '', value: undefined };
  const QUOTE = 34, PLUS = 43, COMMA = 44, MINUS = 45, POINT = 46, ZERO = 48, NINE = 57, BACKSLASH = 92, BRACKET = 91, BRACE = 123;
  let exact = null, bytes = null, at = 0, keys = 0, limits = null;

  // As strictJson().read.
  function read(given, within) {
    bytes = given;
    limits = within;
    at = keys = 0;
    try {
      return { kind: null, name: null, value: readValue(0) };
    } catch (e) {
      if (e !== stop) throw e;
      return stop;
    }
  }

  function fail(kind, name) {
    stop.kind = kind;
    stop.name = name;
    throw stop;
  }

  function readValue(depth) {
    let c = bytes[at];
    while (c <= 32) c = bytes[++at];
    if (c === QUOTE) return readString();
    if (c === BRACE) return readObject(depth + 1);
    if (c === BRACKET) return readArray(depth + 1);
    if (c === 116) { at += 4; return true; }
    if (c === 102) { at += 5; return false; }
    if (c === 110) { at += 4; return null; }
    return readNumber();
  }

  // Numbers of few digits are read in place.
  function readArray(depth) {
    if (depth > limits.jsonDepth) fail('limits', 'jsonDepth');
    const items = [];
    let count = 0, c = bytes[++at];
    while (c <= 32) c = bytes[++at];
    if (c === 93) { at++; return items; }
    for (;;) {
      if (count === limits.arrayItems) fail('limits', 'arrayItems');
      while (c <= 32) c = bytes[++at];
      if (c >= ZERO && c <= NINE) {
        const from = at;
        let number = 0;
        while (c >= ZERO && c <= NINE) {
          number = number * 10 + c - ZERO;
          c = bytes[++at];
        }
        if (at - from > 15 || c === POINT || c === 101 || c === 69 || (at - from > 1 && bytes[from] === ZERO)) {
          at = from;
          number = readNumber();
        }
        items[count++] = number;
      } else {
        items[count++] = readValue(depth);
      }
      c = bytes[at++];
      while (c <= 32) c = bytes[at++];
      if (c !== COMMA) return items;
      c = bytes[at];
    }
  }

  function readObject(depth) {
    if (depth > limits.jsonDepth) fail('limits', 'jsonDepth');
    const members = {};
    let c = bytes[++at];
    while (c <= 32) c = bytes[++at];
    if (c === 125) { at++; return members; }
    for (;;) {
      if (++keys > limits.jsonKeys) fail('limits', 'jsonKeys');
      while (bytes[at] <= 32) at++;
      const name = readString();
      if (Object.prototype.hasOwnProperty.call(members, name)) fail('syntax', 'json');
      while (bytes[at] <= 32) at++;
      at++; // the colon
      put(members, name, readValue(depth));
      c = bytes[at++];
      while (c <= 32) c = bytes[at++];
      if (c !== COMMA) return members;
    }
  }

  function readString() {
    const from = at + 1;
    let end = from, isPlain = true, c = bytes[from];
    while (c !== QUOTE) {
      if (c === BACKSLASH) {
        isPlain = false;
        end++;
      }
      c = bytes[++end];
    }
    at = end + 1;
    if (end === from) return '';
    if (isPlain && end - from > limits.stringBytes) fail('limits', 'stringBytes');
    const raw = bytes.toString('utf8', from, end);
    return isPlain ? raw : unescaped(raw);
  }

  function unescaped(raw) {
    const value = JSON.parse('"' + raw + '"');
    if (value.indexOf('\ufffd') >= 0 && !arePairs(raw)) fail('syntax', 'json');
    if (value.length * 4 > limits.stringBytes && Buffer.byteLength(value) > limits.stringBytes) fail('limits', 'stringBytes');
    return value;
  }

  // Whether each escaped surrogate is one half of a pair.
  function arePairs(raw) {
    let from = raw.indexOf('\\');
    while (from >= 0) {
      if (raw[from + 1] !== 'u' || !/^[Dd][89A-Fa-f]/.test(raw.slice(from + 2, from + 4))) from = raw.indexOf('\\', from + 2);
      else if (/^[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f]/.test(raw.slice(from + 2, from + 10))) from = raw.indexOf('\\', from + 12);
      else return false;
    }
    return true;
  }

  function readNumber() {
    const from = at, isNegative = bytes[at] === MINUS, start = isNegative ? at + 1 : at;
    let mantissa = 0, places = 0, exponent = 0, c = bytes[start];
    at = start;
    while (c >= ZERO && c <= NINE) {
      mantissa = mantissa * 10 + c - ZERO;
      c = bytes[++at];
    }
    const point = at;
    if (point === start || (bytes[start] === ZERO && point - start > 1)) fail('syntax', 'json');
    if (c === POINT) {
      c = bytes[++at];
      while (c >= ZERO && c <= NINE) {
        mantissa = mantissa * 10 + c - ZERO;
        c = bytes[++at];
      }
      places = at - point - 1;
      if (places === 0) fail('syntax', 'json');
    }
    const end = at;
    if (c === 101 || c === 69) exponent = readExponent();
    if (exact === null) exact = decimal();
    if (at - from > exact.MAX_LITERAL) fail('syntax', 'number');
    const isSmall = point - start + places <= 15;
    const value = exact[isSmall ? 'small' : 'of'](isNegative, isSmall ? mantissa : digits(start, point, end), exponent - places);
    if (value === null) fail('syntax', 'number');
    return value;
  }

  function readExponent() {
    let exponent = 0, c = bytes[++at];
    const isNegative = c === MINUS;
    if (isNegative || c === PLUS) c = bytes[++at];
    const from = at;
    while (c >= ZERO && c <= NINE) {
      exponent = exponent * 10 + c - ZERO;
      c = bytes[++at];
    }
    if (at === from) fail('syntax', 'json');
    return isNegative ? -exponent : exponent;
  }

  function digits(start, point, end) {
    return bytes.toString('utf8', start, point) + (end > point ? bytes.toString('utf8', point + 1, end) : '');
  }

  return { read };
}
