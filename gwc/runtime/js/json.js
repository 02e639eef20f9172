// JSON objects of tokens and key sets (RFC 8259) in which all readers find the same: UTF-8, no member twice at any depth, no lone
// surrogates, finite numbers, at most 30 levels.

export default function json() {
  const MAX_LEVELS = 30;

  // The object in these bytes, or null.
  function parseObject(bytes) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), value = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlain(text, value) ? value : null;
    } catch (e) {
      return null;
    }
  }

  // Whether a JSON text that was parsed has as many names as the value has members: then none is there twice. Escapes do not make another
  // name. Numbers are looked at, too: njs takes 01. (Expressions over the whole text would cost more than all the rest, and those that
  // repeat a group fail on long strings with PCRE 1.)
  function isPlain(text, value) {
    const parts = (text.indexOf('\\') < 0 ? text : text.replace(/\\[\s\S]/g, '')).split('"');
    let outside = parts[0], names = 0;
    for (let i = 2; i < parts.length; i += 2) { // the others are strings
      if (parts[i].charAt(0) === ':' || /^[ \t\r\n]+:/.test(parts[i])) names++;
      outside += parts[i];
    }
    const numbers = outside.match(/[+.0-9-][+.0-9Ee-]*/g);
    return names === members(value, MAX_LEVELS) && (numbers === null || numbers.every(isNumber)) && arePairs(text);
  }

  // How many members there are, at all levels; not a number where there is something else than should be.
  function members(value, levels) {
    if (typeof value === 'number' && !isFinite(value)) return NaN;
    if (typeof value !== 'object' || value === null) return 0;
    if (levels === 0) return NaN;
    const names = Array.isArray(value) ? null : Object.keys(value);
    let count = names === null ? 0 : names.length;
    for (let i = 0; i < (names === null ? value.length : names.length); i++) count += members(value[names === null ? i : names[i]], levels - 1);
    return count;
  }

  function isNumber(token) { return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][+-]?[0-9]+)?(?![\s\S])/.test(token); }

  // Whether each escaped surrogate is one half of a pair.
  function arePairs(text) {
    if (text.indexOf('\\u') < 0) return true;
    const escapes = text.replace(/\\\\/g, 'x').replace(/\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}/g, '');
    return !/\\u[Dd][89A-Fa-f]/.test(escapes);
  }

  return { parseObject };
}
