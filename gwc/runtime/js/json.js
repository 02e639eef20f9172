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

  // Whether no object of a valid JSON text has a name twice. A string before a colon is a name; escapes do not make another one.
  function isUnique(text) {
    const tokens = /"(?:[^"\\]|\\[\s\S])*"[ \t\r\n]*:?|[{}]/g, open = [];
    for (let m = tokens.exec(text); m !== null; m = tokens.exec(text)) {
      const token = m[0];
      if (token === '{') open.push({});
      else if (token === '}') open.pop();
      else if (token.charAt(token.length - 1) === ':') {
        const seen = open[open.length - 1], name = '$' + JSON.parse(token.slice(0, -1));
        if (seen[name] === true) return false;
        seen[name] = true;
      }
    }
    return true;
  }

  return { parseObject };
}
