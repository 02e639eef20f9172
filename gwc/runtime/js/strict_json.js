// JSON (RFC 8259) in which all readers find the same: UTF-8, no member twice, no lone surrogates, exact numbers (decimal.js), within limits.
//
// JSON.parse is by far the fastest reader. It keeps the last of two members, replaces lone surrogates, rounds numbers, and in njs takes +1,
// 01, 1., .5 and Infinity. What might be one of these goes to `json_text`, which reads characters; false alarms cost time, nothing else.
import isUnusual from 'is_unusual.js';
import jsonText from 'json_text.js';

export default function strictJson() {
  // { kind: null, name: null, value } or what is wrong with it: syntax (json, number), limits (the limit's name).
  // `limits`: jsonDepth (at most 31: njs has no more), jsonKeys, arrayItems, stringBytes.
  function read(bytes, limits) {
    let text, value;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      value = JSON.parse(text);
    } catch (e) {
      return e.message.indexOf('Nested too deep') === 0 ? fault('limits', 'jsonDepth') : fault('syntax', 'json');
    }
    if (isUnusual(text) || bytes.byteLength > limits.stringBytes) return jsonText().read(text, limits);
    const names = text.split('":').length - 1; // and strings that begin with a colon, which are in `value` as well
    return checked(text, value, names, limits);
  }

  // Level by level: calls cost more than all else.
  function checked(text, value, names, limits) {
    let level = [value], depth = 0, members = 0;
    while (level.length > 0) {
      const next = [];
      if (++depth > limits.jsonDepth) return fault('limits', 'jsonDepth');
      for (let i = 0; i < level.length; i++) {
        const container = level[i];
        if (container instanceof Array) {
          if (container.length > limits.arrayItems) return fault('limits', 'arrayItems');
          for (let k = 0; k < container.length; k++) if (typeof container[k] === 'object' && container[k] !== null) next.push(container[k]);
        } else {
          for (const name in container) {
            members++;
            if (typeof container[name] === 'object' && container[name] !== null) next.push(container[name]);
          }
        }
      }
      level = next;
    }
    if (members > limits.jsonKeys) return fault('limits', 'jsonKeys');
    return members === names ? { kind: null, name: null, value } : jsonText().read(text, limits);
  }

  function fault(kind, name) { return { kind, name, value: undefined }; }

  return { read };
}
