// JSON objects of tokens (RFC 8259): UTF-8, and no member twice at any depth, since readers disagree about which one counts.

export default function json() {
  // The object in these bytes, or null.
  function parseObject(bytes) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), value = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) && isUnique(text) ? value : null;
    } catch (e) {
      return null;
    }
  }

  // Whether no object of a JSON text that was parsed has a name twice. A string before a colon is a name; escapes do not make
  // another one. Numbers are looked at, too: njs takes 01.
  function isUnique(text) {
    const tokens = /"(?:[^"\\]|\\[\s\S])*"[ \t\r\n]*:?|[{}]|[+.0-9-][+.0-9Ee-]*/g, open = [];
    for (let m = tokens.exec(text); m !== null; m = tokens.exec(text)) {
      const token = m[0];
      if (token === '{') open.push({});
      else if (token === '}') open.pop();
      else if (token.charAt(token.length - 1) === ':') {
        const seen = open[open.length - 1], name = '$' + JSON.parse(token.slice(0, -1));
        if (seen[name] === true) return false;
        seen[name] = true;
      } else if (token.charAt(0) !== '"' && !isNumber(token)) return false;
    }
    return true;
  }

  function isNumber(token) { return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][+-]?[0-9]+)?(?![\s\S])/.test(token); }

  return { parseObject };
}
