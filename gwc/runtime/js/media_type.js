// The media type of a body (RFC 9110 8.3.1), of a field that `body` has let through.
import lowered from 'lowered.js';
import trimmed from 'trimmed.js';

export default function mediaType() {
  // [type/subtype in small letters, parameters]; parameters null: malformed.
  function read(text) {
    const at = text.indexOf(';');
    return at < 0 ? [lowered(trimmed(text)), {}] : [lowered(trimmed(text.slice(0, at))), parameters(text, at)];
  }

  // '$' and the name in small letters -> value, from the semicolon at `at` on; null when they are malformed, or a name stands there twice. So is
  // a name with an asterisk (RFC 2231, 8187): some readers take `boundary*` or `name*0` for `boundary` and `name`, others don't.
  function parameters(text, at) {
    const found = {};
    while (at < text.length) {
      if (text.charAt(at) !== ';') return null;
      at = behindBlanks(text, at + 1);
      const name = token(text, at);
      if (name !== '') {
        const value = text.charAt(at + name.length) === '=' ? readValue(text, at + name.length + 1) : null, key = '$' + lowered(name);
        if (value === null || found[key] !== undefined || key.indexOf('*') >= 0) return null;
        found[key] = value[0];
        at = value[1];
      }
      at = behindBlanks(text, at);
    }
    return found;
  }

  function behindBlanks(text, at) {
    while (text.charAt(at) === ' ' || text.charAt(at) === '\t') at++;
    return at;
  }

  function token(text, at) { return /^[A-Za-z0-9!#$%&'*+.^_`|~-]*/.exec(text.slice(at))[0]; }

  // [value, place behind it], or null.
  function readValue(text, at) {
    if (text.charAt(at) !== '"') {
      const plain = token(text, at);
      return plain === '' ? null : [plain, at + plain.length];
    }
    const parts = [];
    for (let i = at + 1; i < text.length; i++) {
      if (text.charAt(i) === '"') return [parts.join(''), i + 1];
      if (text.charAt(i) === '\\') i++;
      parts.push(text.charAt(i));
    }
    return null;
  }

  return { parameters, read };
}
