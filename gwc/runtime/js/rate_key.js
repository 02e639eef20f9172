// What a limit counts a request by (gwc/controls/rate_limit_key.py): one text for each list of values, another one for every other list.
//
// Parts: ['ip', bits of IPv6], ['consumer'], ['claim', name], ['path', index, prefix, suffix], ['header', name], ['cookie', name], ['body', names].
import authorization from 'authorization.js';
import carrier from 'carrier.js';
import clientAddress from 'client_address.js';
import hashes from 'crypto';
import valuesOf from 'values_of.js';

export default function rateKey() {
  const LAST_NUMBER = 9007199254740991;

  // The address where it is all; otherwise a SHA-256 digest. known: the caller; value: of the body, undefined for none.
  function of(r, parts, known, value) {
    if (parts.length === 1 && parts[0][0] === 'ip') return clientAddress(r, parts[0][1]);
    const pieces = [];
    parts.forEach(function (part) { append(pieces, valueOf(r, part, known, value)); });
    return hashes.createHash('sha256').update(Buffer.concat(pieces)).digest('base64url');
  }

  // No list is the beginning of another one: each value has its length before it.
  function append(pieces, found) {
    if (Array.isArray(found) && found.length > 0) {
      pieces.push(Buffer.from('*' + found.length + ':'));
      found.forEach(function (one) { append(pieces, one); });
    } else if (found === null || Array.isArray(found)) {
      pieces.push(Buffer.from('-'));
    } else {
      pieces.push(Buffer.from('+' + found.length + ':'), found);
    }
  }

  // Bytes, a list of bytes, or null.
  function valueOf(r, part, known, value) {
    switch (part[0]) {
    case 'ip': return Buffer.from(clientAddress(r, part[1]));
    case 'consumer': return known.consumers.length === 1 ? Buffer.from(known.consumers[0].id) : null;
    case 'claim': return scalar(authorization().claim(r, part[1], known));
    case 'path': return authorization().parameter(r.variables.request_uri, part);
    case 'header': return inHeader(r, part[1]);
    case 'cookie': return inCookies(r, part[1]);
    case 'body': return scalar(member(value, part[1]));
    default: throw new Error('no key by ' + part[0]);
    }
  }

  // Fields with bytes that are no text come as one, joined by commas: njs has no other way to their bytes.
  function inHeader(r, name) {
    const values = valuesOf(r.rawHeadersIn, name);
    if (values.every(function (one) { return one.indexOf('\ufffd') < 0; })) return values.map(function (one) { return Buffer.from(one); });
    return [Buffer.from(String(values.length)), Buffer.from(r.rawVariables['http_' + name.replace(/-/g, '_')])];
  }

  function inCookies(r, name) {
    const field = r.rawVariables.http_cookie;
    return field === undefined ? null : carrier().inCookies(field, name);
  }

  function member(value, names) {
    let found = value;
    for (let i = 0; i < names.length; i++) {
      const is = typeof found === 'object' && found !== null && !Array.isArray(found) && Object.prototype.hasOwnProperty.call(found, names[i]);
      found = is ? found[names[i]] : null;
    }
    return found;
  }

  // Texts, truth values and whole numbers up to 2^53 - 1 by their texts; a number that is no double is a symbol (decimal.js), and none of these.
  function scalar(value) {
    if (typeof value === 'string' || typeof value === 'boolean') return Buffer.from(String(value));
    const is = typeof value === 'number' && Math.abs(value) <= LAST_NUMBER && Math.floor(value) === value;
    return is ? Buffer.from(String(value)) : null;
  }

  return { of };
}
