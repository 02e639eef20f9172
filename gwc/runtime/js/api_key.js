// Phase 5: keys of consumers, known by the SHA-256 digest of their bytes. The digests are maps of NGINX, asked through a variable.
import blanks from 'blanks.js';
import carrier from 'carrier.js';
import hashes from 'crypto';
import policy from 'policy.js';

export default function apiKey() {
  // [reason, number of the consumer]: null is no reason, and without a known key there is no number; null when the key's place is not there.
  function check(r, scheme, nowS) {
    const place = policy.apiKey(scheme), values = presented(r, place[0], place[1]);
    if (values.length === 0) return null;
    const is = values.length === 1 && values[0].length >= 1 && values[0].length <= 256;
    return is ? find(r, place[2], values[0], nowS, 'authn.apiKey') : ['authn.apiKey'];
  }

  // The bytes of everything in the key's place. Two header fields arrive joined by a comma: a key that nobody has.
  function presented(r, location, name) {
    if (location === 'query') return carrier().inQuery(r.variables.request_uri, name);
    const field = r.rawVariables[location === 'cookie' ? 'http_cookie' : name];
    if (field === undefined) return [];
    return location === 'cookie' ? carrier().inCookies(field, name) : [blanks(field)];
  }

  // The same for a key in the map of a scheme; `unknown` is the reason when it is not there.
  function find(r, map, key, nowS, unknown) {
    r.variables.gwc_digest = hashes.createHash('sha256').update(key).digest('hex');
    const known = r.variables[map].split(' '); // first second, first second after the end, consumer
    if (known.length !== 3) return [unknown];
    if (nowS < Number(known[0])) return ['authn.notBefore', known[2]];
    return [nowS < Number(known[1]) ? null : 'authn.expired', known[2]];
  }

  return { check, find };
}
