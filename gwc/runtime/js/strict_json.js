// JSON (RFC 8259) in which all readers find the same: UTF-8, no member twice, no lone surrogates, exact numbers (decimal.js), limits.
//
// JSON.parse is by far the fastest reader. It keeps the last of two members, replaces lone surrogates, rounds numbers, and in njs takes +1,
// 01, 1., .5 and Infinity. Texts with odd numbers go to `json_bytes`, which reads byte by byte; the rest is found out afterwards.
import jsonBytes from 'json_bytes.js';
import oddNumber from 'odd_number.js';

export default function strictJson() {
  const MANY = 4; // times the limit: objects with more names than that are not made. Of names with one hash it takes quadratic time

  // { kind: null, name: null, value } or what is wrong with it: syntax (json, number), limits (the limit's name). `bytes`: a Buffer.
  // `limits`: jsonDepth (at most 31: njs has no more), jsonKeys, arrayItems, stringBytes.
  function read(bytes, limits) {
    let text, found, marks, names, value;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      found = outside(text, limits.stringBytes);
      marks = found.parts.join('');
      names = marks.split(':').length - 1;
      value = JSON.parse(names > MANY * limits.jsonKeys ? found.parts.join('""') : text);
    } catch (e) {
      return String(e.message).indexOf('Nested too deep') === 0 ? fault('limits', 'jsonDepth') : fault('syntax', 'json');
    }
    if (names > MANY * limits.jsonKeys) return fault('limits', 'jsonKeys');
    if (oddNumber(',' + marks + ' ') || mayHaveHalves(text, value)) return jsonBytes().read(bytes, limits);
    return checked(value, names, limits, found.hasLong);
  }

  // What stands outside of strings, in a text that is JSON; and whether a string may be too long.
  function outside(text, maxBytes) {
    const all = unescaped(text).split('"'), length = all.length, parts = [];
    let hasLong = false;
    for (let i = 0, k = 0; i < length; i += 2) { // the others are strings
      parts[k++] = all[i];
      if (i + 1 < length && all[i + 1].length * 4 > maxBytes) hasLong = true;
    }
    return { parts, hasLong };
  }

  // Lone surrogates have become U+FFFD.
  function mayHaveHalves(text, value) { return text.indexOf('\\u') >= 0 && JSON.stringify(value).indexOf('\ufffd') >= 0; }

  // The text with other characters for escaped quotes and backslashes, so that every quote begins or ends a string.
  function unescaped(text) {
    return text.indexOf('\\') < 0 ? text : text.split('\\\\').join('xx').split('\\"').join('xx');
  }

  // `names`: how many members the text has. Level by level: calls cost more than all else.
  function checked(value, names, limits, hasLong) {
    let level = [value], count = typeof value === 'object' && value !== null ? 1 : 0, members = 0;
    if (hasLong && hasLongString(level, limits.stringBytes)) return fault('limits', 'stringBytes');
    for (let depth = 1; count > 0; depth++) {
      const next = [], size = count;
      if (depth > limits.jsonDepth) return fault('limits', 'jsonDepth');
      count = 0;
      for (let i = 0; i < size; i++) {
        const container = level[i];
        if (container instanceof Array) {
          const length = container.length;
          if (length > limits.arrayItems) return fault('limits', 'arrayItems');
          for (let k = 0; k < length; k++) if (typeof container[k] === 'object' && container[k] !== null) next[count++] = container[k];
        } else {
          for (const name in container) {
            members++;
            if (typeof container[name] === 'object' && container[name] !== null) next[count++] = container[name];
          }
        }
        if (hasLong && hasLongText(container, limits.stringBytes)) return fault('limits', 'stringBytes');
      }
      level = next;
    }
    if (members > limits.jsonKeys) return fault('limits', 'jsonKeys');
    return members === names ? { kind: null, name: null, value } : fault('syntax', 'json');
  }

  function hasLongText(container, maxBytes) {
    if (container instanceof Array) return hasLongString(container, maxBytes);
    return hasLongString(Object.values(container), maxBytes) || hasLongString(Object.keys(container), maxBytes);
  }

  function hasLongString(values, maxBytes) {
    for (let i = 0; i < values.length; i++) {
      if (typeof values[i] === 'string' && values[i].length * 4 > maxBytes && Buffer.byteLength(values[i]) > maxBytes) return true;
    }
    return false;
  }

  function fault(kind, name) { return { kind, name, value: undefined }; }

  return { read };
}
