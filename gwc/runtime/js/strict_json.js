// JSON (RFC 8259) in which all readers find the same: UTF-8, no member twice, no lone surrogates, exact numbers (decimal.js), within limits.
//
// JSON.parse is by far the fastest reader. It keeps the last of two members, replaces lone surrogates, rounds numbers, and in njs takes +1,
// 01, 1., .5 and Infinity. Texts with odd numbers go to `json_bytes`, which reads byte by byte; the rest is found out afterwards.
import jsonBytes from 'json_bytes.js';
import oddNumber from 'odd_number.js';

export default function strictJson() {
  // { kind: null, name: null, value } or what is wrong with it: syntax (json, number), limits (the limit's name). `bytes`: a Buffer.
  // `limits`: jsonDepth (at most 31: njs has no more), jsonKeys, arrayItems, stringBytes.
  function read(bytes, limits) {
    let text, value;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      value = JSON.parse(text);
    } catch (e) {
      return String(e.message).indexOf('Nested too deep') === 0 ? fault('limits', 'jsonDepth') : fault('syntax', 'json');
    }
    const parts = unescaped(text).split('"'), outside = [];
    let hasLong = false;
    for (let i = 0, k = 0; i < parts.length; i += 2) { // the others are strings
      outside[k++] = parts[i];
      if (i + 1 < parts.length && parts[i + 1].length * 4 > limits.stringBytes) hasLong = true;
    }
    const marks = outside.join('');
    if (oddNumber(',' + marks + ' ') || (text.indexOf('\\u') >= 0 && JSON.stringify(value).indexOf('\ufffd') >= 0)) return jsonBytes().read(bytes, limits);
    return checked(value, marks.split(':').length - 1, limits, hasLong);
  }

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
