// Where API keys are in the query and in cookies, and the request without them (gwc/controls/api_key.py, gwc/controls/forwarding.py).

export default function carrier() {
  // The bytes of everything that is presented as the parameter of the query, in order.
  function inQuery(target, name) {
    return parts(target).filter(function (part) { return nameOf(part) === name; }).map(function (part) {
      return decoded(part.slice(part.indexOf('=') < 0 ? part.length : part.indexOf('=') + 1));
    });
  }

  // The target without the parameters of these names.
  function targetWithout(target, names) {
    const all = parts(target), kept = all.filter(function (part) { return names.indexOf(nameOf(part)) < 0; });
    if (kept.length === all.length) return target;
    const path = target.slice(0, target.indexOf('?'));
    return kept.length === 0 ? path : path + '?' + kept.join('&');
  }

  function parts(target) {
    const at = target.indexOf('?');
    return at < 0 ? [] : target.slice(at + 1).split('&');
  }

  // Of the characters that a name in the policy can have, each byte is one: what else is escaped makes no name of them.
  function nameOf(part) {
    const name = part.split('=')[0];
    return name.indexOf('%') < 0 ? name : decoded(name).toString();
  }

  // The bytes of a text in ASCII with its escapes decoded once; a plus sign stays one.
  function decoded(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) {
      const escaped = text.charAt(i) === '%' && /^[0-9A-Fa-f]{2}(?![\s\S])/.test(text.slice(i + 1, i + 3));
      bytes.push(escaped ? parseInt(text.slice(i + 1, i + 3), 16) : text.charCodeAt(i));
      if (escaped) i += 2;
    }
    return Buffer.from(bytes);
  }

  // The bytes of everything that is presented as the cookie, in order. field: the bytes of all Cookie fields, joined by semicolons.
  function inCookies(field, name) {
    const found = [];
    eachCookie(field, function (start, end) {
      if (isNamed(field, start, end, name)) found.push(field.slice(Math.min(start + name.length + 1, end), end));
    });
    return found;
  }

  // The bytes of the one field without the cookies of these names; empty: none is left.
  function cookiesWithout(field, names) {
    const kept = [];
    eachCookie(field, function (start, end) {
      for (let n = 0; n < names.length; n++) if (isNamed(field, start, end, names[n])) return;
      if (kept.length > 0) kept.push(0x3b, 0x20);
      for (let i = start; i < end; i++) kept.push(field[i]);
    });
    return Buffer.from(kept);
  }

  // Calls `take` with the bounds of each part that is not empty, without the blanks around it. A field may have thousands: no part is copied.
  function eachCookie(field, take) {
    for (let start = 0, at = 0; at <= field.length; at++) {
      if (at < field.length && field[at] !== 0x3b) continue;
      let first = start, end = at;
      while (first < end && isBlank(field[first])) first++;
      while (end > first && isBlank(field[end - 1])) end--;
      if (end > first) take(first, end);
      start = at + 1;
    }
  }

  // Whether the part is the name alone, or the name and an equals sign. Names of the policy are ASCII.
  function isNamed(field, start, end, name) {
    const behind = start + name.length;
    if (behind > end || (behind < end && field[behind] !== 0x3d)) return false;
    for (let i = 0; i < name.length; i++) if (field[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  function isBlank(octet) { return octet === 0x20 || octet === 0x09; }

  return { cookiesWithout, decoded, inCookies, inQuery, targetWithout };
}
