// Keys of a JSON Web Key Set that is read while the gateway runs: the rules of gwc/controls/jwks.py and of SecretKeys in
// gwc/controls/jwt.py. Whether a point is on its curve is found by the import of the key (key_source.js).
import base64url from 'base64url.js';
import claims from 'claims.js';
import json from 'json.js';
import spki from 'spki.js';

export default function jwk() {
  const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
  const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
  const CURVES = { 'P-256': ['ES256', 32], 'P-384': ['ES384', 48], 'P-521': ['ES512', 66] };
  const HASH_BYTES = { HS256: 32, HS384: 48, HS512: 64 }; // RFC 7518 3.2: the least size of a key
  // A modulus of the broken generator (ROCA) is a power of 65537 modulo each of these (Nemec et al., CCS 2017).
  const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

  // [kid, algorithm, SubjectPublicKeyInfo in base64] of each key that may be used; null when the bytes are no key set.
  function readSet(bytes, algorithms) {
    const entries = entriesOf(bytes);
    return entries === null ? null : used(entries, function (entry) { return publicKey(entry, algorithms); });
  }

  // [kid, algorithm, secret in base64] of each; null when the set has another kind of key, or two with one kid, or is none.
  function readSecrets(bytes, algorithms) {
    const entries = entriesOf(bytes);
    if (entries === null || !entries.every(isSecret) || !areDifferent(entries.filter(hasKid).map(kidOf))) return null;
    return used(entries, function (entry) { return secretKey(entry, algorithms); });
  }

  // kid (with a dollar sign before it) -> [algorithm, key]; null for two keys with one kid, and for no key at all.
  function byKid(keys) {
    if (keys.length === 0 || !areDifferent(keys.map(function (key) { return key[0]; }))) return null;
    const found = {};
    keys.forEach(function (key) { found['$' + key[0]] = [key[1], key[2]]; });
    return found;
  }

  function entriesOf(bytes) {
    const set = json().parseObject(bytes);
    return set !== null && has(set, 'keys') && Array.isArray(set.keys) ? set.keys : null;
  }

  function used(entries, read) { return entries.map(read).filter(function (key) { return key !== null; }); }

  function publicKey(entry, algorithms) {
    if (!isObject(entry) || PRIVATE.some(function (name) { return has(entry, name); }) || !mayVerify(entry) || !isKid(entry.kid)) return null;
    const algorithm = algorithmOf(entry, algorithms);
    const encoded = algorithm === null ? null : entry.kty === 'RSA' ? rsa(entry) : ec(entry);
    return encoded === null ? null : [entry.kid, algorithm, encoded.toString('base64')];
  }

  // The one algorithm of the key that the policy allows.
  function algorithmOf(entry, algorithms) {
    const isNamed = has(entry, 'alg') && entry.alg !== null, possible = possibleFor(entry);
    const fitting = algorithms.filter(function (a) { return possible.indexOf(a) >= 0 && (!isNamed || entry.alg === a); });
    return fitting.length === 1 ? fitting[0] : null;
  }

  function possibleFor(entry) {
    if (entry.kty === 'RSA') return RSA;
    return entry.kty === 'EC' && typeof entry.crv === 'string' && has(CURVES, entry.crv) ? [CURVES[entry.crv][0]] : [];
  }

  function rsa(entry) {
    const modulus = unsigned(entry.n), exponent = unsigned(entry.e);
    if (modulus === null || exponent === null || !isOdd(modulus) || !isExponent(exponent)) return null;
    const size = bits(modulus);
    return size < 2048 || size > 8192 || hasRocaForm(modulus) ? null : spki().rsa(modulus, exponent);
  }

  function ec(entry) {
    const x = bytesOf(entry.x), y = bytesOf(entry.y), size = CURVES[entry.crv][1];
    return x === null || y === null || x.length !== size || y.length !== size ? null : spki().ec(entry.crv, x, y);
  }

  function secretKey(entry, algorithms) {
    const algorithm = entry.alg;
    if (typeof algorithm !== 'string' || algorithms.indexOf(algorithm) < 0 || !mayVerify(entry) || !isKid(entry.kid)) return null;
    const secret = bytesOf(entry.k);
    return secret === null || secret.length < HASH_BYTES[algorithm] ? null : [entry.kid, algorithm, secret.toString('base64')];
  }

  function mayVerify(entry) {
    if (has(entry, 'use') && entry.use !== 'sig') return false;
    return !has(entry, 'key_ops') || Array.isArray(entry.key_ops) && entry.key_ops.indexOf('verify') >= 0;
  }

  // The bytes of canonical base64url, at least one.
  function bytesOf(text) {
    if (typeof text !== 'string' || text === '') return null;
    return base64url().decode(text);
  }

  // A Base64urlUInt (RFC 7518 section 2): no zero byte first.
  function unsigned(text) {
    const found = bytesOf(text);
    return found !== null && found[0] !== 0 ? found : null;
  }

  function bits(number) {
    let count = (number.length - 1) * 8;
    for (let first = number[0]; first > 0; first >>= 1) count++;
    return count;
  }

  function isExponent(number) { return number.length <= 4 && isOdd(number) && modulo(number, 4294967296) >= 65537; }
  function isOdd(number) { return number[number.length - 1] % 2 === 1; }
  function hasRocaForm(modulus) { return ROCA_PRIMES.every(function (prime) { return isPower(modulo(modulus, prime), prime); }); }

  function modulo(number, divisor) {
    let rest = 0;
    for (let i = 0; i < number.length; i++) rest = (rest * 256 + number[i]) % divisor;
    return rest;
  }

  // Whether the number is a power of 65537 modulo the prime.
  function isPower(number, prime) {
    let power = 1;
    do {
      if (power === number) return true;
      power = power * 65537 % prime;
    } while (power !== 1);
    return false;
  }

  function areDifferent(texts) { return texts.every(function (text, n) { return texts.indexOf(text) === n; }); }
  function isKid(kid) { return typeof kid === 'string' && /^[!-~]{1,128}(?![\s\S])/.test(kid); }
  function isSecret(entry) { return isObject(entry) && entry.kty === 'oct'; }
  function hasKid(entry) { return has(entry, 'kid'); }
  function kidOf(entry) { return String(entry.kid); }
  function isObject(value) { return typeof value === 'object' && value !== null && !Array.isArray(value); }
  function has(object, name) { return claims().has(object, name); }

  return { byKid, readSecrets, readSet };
}
