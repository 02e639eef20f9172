// Phase 5: API keys, known by the SHA-256 digest of their bytes.
import hashes from 'crypto';
import policy from 'policy.js';

export default function apiKey() {
  // The bytes of the header, or null when there is none. Two headers arrive joined by a comma: a key that nobody has.
  function read(r, scheme) {
    const value = r.rawVariables[policy.tables().keySource(scheme)[0]];
    return value === undefined ? null : withoutBlanks(value);
  }

  // NGINX takes away the spaces around a value, but not the tabs (RFC 9110 5.5: both).
  function withoutBlanks(bytes) {
    let start = 0, end = bytes.length;
    while (start < end && isBlank(bytes[start])) start++;
    while (end > start && isBlank(bytes[end - 1])) end--;
    return bytes.slice(start, end);
  }

  function isBlank(octet) { return octet === 0x20 || octet === 0x09; }

  // [reason] or [null, consumer].
  function check(r, scheme, key, nowS) {
    if (key.length < 1 || key.length > 256) return ['authn.apiKey'];
    r.variables.gwc_digest = hashes.createHash('sha256').update(key).digest('hex');
    const known = /^([0-9]+) ([0-9]+) ([\s\S]+)(?![\s\S])/.exec(r.variables[policy.tables().keySource(scheme)[1]]);
    if (known === null) return ['authn.apiKey'];
    if (nowS < Number(known[1])) return ['authn.notBefore'];
    return nowS < Number(known[2]) ? [null, known[3]] : ['authn.expired'];
  }

  return { check, read };
}
