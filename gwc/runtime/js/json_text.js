// Reads texts that JSON.parse takes, character by character: exact numbers, no member twice, no lone surrogates, no number that only njs takes.
import decimal from 'decimal.js';

export default function jsonText() {
  const stop = { kind: '', name: '', value: undefined };
  let exact = null, text = '', at = 0, keys = 0, limits = null;

  function read(given, within) {
    text = given;
    limits = within;
    at = keys = 0;
    try {
      const value = readValue(0);
      return { kind: null, name: null, value };
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

  function skip() {
    let c = text[at];
    while (c === ' ' || c === '\n' || c === '\r' || c === '\t') c = text[++at];
    return c;
  }

  function readValue(depth) {
    const c = skip();
    if (c === '"') return readString();
    if (c === '{') return readObject(depth + 1);
    if (c === '[') return readArray(depth + 1);
    if (c === 't') { at += 4; return true; }
    if (c === 'f') { at += 5; return false; }
    if (c === 'n') { at += 4; return null; }
    return readNumber();
  }

  function readArray(depth) {
    if (depth > limits.jsonDepth) fail('limits', 'jsonDepth');
    const items = [];
    at++;
    if (skip() === ']') { at++; return items; }
    for (;;) {
      if (items.length === limits.arrayItems) fail('limits', 'arrayItems');
      items.push(readValue(depth));
      const c = skip();
      at++;
      if (c === ']') return items;
    }
  }

  function readObject(depth) {
    if (depth > limits.jsonDepth) fail('limits', 'jsonDepth');
    const members = {};
    at++;
    if (skip() === '}') { at++; return members; }
    for (;;) {
      if (++keys > limits.jsonKeys) fail('limits', 'jsonKeys');
      skip();
      const name = readString();
      if (Object.prototype.hasOwnProperty.call(members, name)) fail('syntax', 'json');
      skip();
      at++; // the colon
      put(members, name, readValue(depth));
      const c = skip();
      at++;
      if (c === '}') return members;
    }
  }

  // What every object inherits can't be assigned: __proto__ would be another prototype, and in njs the others would not be enumerable.
  function put(members, name, value) {
    if (members[name] === undefined) members[name] = value;
    else Object.defineProperty(members, name, { value, configurable: true, enumerable: true, writable: true });
  }

  function readString() {
    const from = at + 1;
    let end = text.indexOf('"', from);
    while (isEscaped(end)) end = text.indexOf('"', end + 1);
    const raw = text.slice(from, end), value = raw.indexOf('\\') < 0 ? raw : unescaped(raw);
    if (value.length * 4 > limits.stringBytes && Buffer.byteLength(value) > limits.stringBytes) fail('limits', 'stringBytes');
    at = end + 1;
    return value;
  }

  function isEscaped(quote) {
    let from = quote;
    while (text[from - 1] === '\\') from--;
    return (quote - from) % 2 === 1;
  }

  function unescaped(raw) {
    if (raw.indexOf('\\u') >= 0 && !arePairs(raw)) fail('syntax', 'json');
    return JSON.parse('"' + raw + '"');
  }

  // Whether each escaped surrogate is one half of a pair.
  function arePairs(raw) {
    const escapes = raw.replace(/\\\\/g, 'x').replace(/\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}/g, 'x');
    return !/\\u[Dd][89A-Fa-f]/.test(escapes);
  }

  function readNumber() {
    const from = at;
    let c = text[at];
    while (c >= '0' && c <= '9') c = text[++at];
    if (c !== '.' && c !== 'e' && c !== 'E' && at - from < 16 && at > from && (text[from] !== '0' || at - from === 1)) return Number(text.slice(from, at));
    while (c >= '0' && c <= '9' || c === '.' || c === '+' || c === '-' || c === 'e' || c === 'E') c = text[++at];
    return readLiteral(text.slice(from, at));
  }

  function readLiteral(literal) {
    if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][+-]?[0-9]+)?(?![\s\S])/.test(literal)) fail('syntax', 'json');
    if (exact === null) exact = decimal();
    const value = exact.read(literal);
    if (value === null) fail('syntax', 'number');
    return value;
  }

  return { read };
}
