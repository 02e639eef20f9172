// Phase 5: JWT access tokens (RFC 7519, RFC 8725). The order of the checks is the order of the reasons.
import base64url from 'base64url.js';
import json from 'json.js';
import policy from 'policy.js';

export default function jwt() {
  // The parts of `Bearer <JWS compact>`, or null: three canonical parts, header and payload JSON objects.
  function read(authorization) {
    const m = /^[ \t]*Bearer ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)[ \t]*(?![\s\S])/.exec(authorization);
    if (m === null) return null;
    const header = base64url().decode(m[1]), payload = base64url().decode(m[2]), signature = base64url().decode(m[3]);
    if (header === null || payload === null || signature === null) return null;
    const token = { header: json().parseObject(header), payload: json().parseObject(payload), signature: signature, signed: m[1] + '.' + m[2] };
    return token.header === null || token.payload === null || !isTyped(token.payload) ? null : token;
  }

  // Registered claims have the types of RFC 7519 section 4.1: Envoy's verifier takes no others, so no gateway does.
  function isTyped(claims) {
    function isDate(name) { const n = claims[name]; return !has(claims, name) || typeof n === 'number' && n >= 0 && n <= 9007199254740991; }
    function isText(name) { return !has(claims, name) || typeof claims[name] === 'string'; }
    function isTexts(value) { return Array.isArray(value) && value.every(isText); }
    return ['exp', 'nbf', 'iat'].every(isDate) && ['iss', 'sub', 'jti'].every(isText) && (isText('aud') || isTexts(claims.aud));
  }

  // null when the token is good for the scheme, else the reason.
  async function check(scheme, token, nowS) {
    if (token === null || !hasRegisteredTypes(token.payload)) return 'authn.malformed';
    if (has(token.header, 'crit')) return 'authn.critical';
    const key = typeof token.header.kid === 'string' ? policy.tables().key(scheme, token.header.kid) : null;
    if (key === null) return 'authn.unknownKey';
    const expected = policy.tables().issuer(scheme);
    if (token.header.alg !== key.algorithm || expected.algorithms.indexOf(key.algorithm) < 0) return 'authn.algorithm';
    if (await isSigned(key, token) !== true) return 'authn.signature';
    return checkClaims(expected, token.payload, nowS);
  }

  // RFC 7519 4.1: times are numbers (of seconds that a double can hold), names are texts; each may be absent.
  function hasRegisteredTypes(claims) {
    const times = ['exp', 'nbf', 'iat'].every(function (n) { return !has(claims, n) || isTime(claims[n]); });
    const texts = ['iss', 'sub', 'jti'].every(function (n) { return !has(claims, n) || isText(claims[n]); });
    const aud = has(claims, 'aud') ? claims.aud : '';
    return times && texts && (isText(aud) || Array.isArray(aud) && aud.every(isText));
  }

  function isText(value) { return typeof value === 'string'; }
  function isTime(value) { return typeof value === 'number' && value >= 0 && value <= 9007199254740991; }

  function checkClaims(expected, claims, nowS) {
    if (!has(claims, 'exp') || !(nowS < claims.exp + expected.skew)) return 'authn.expired';
    if (has(claims, 'nbf') && !(nowS >= claims.nbf - expected.skew)) return 'authn.notBefore';
    if (claims.iss !== expected.issuer) return 'authn.issuer';
    const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
    if (!audiences.some(function (a) { return isText(a) && expected.audiences.indexOf(a) >= 0; })) return 'authn.audience';
    return isText(claims.sub) && claims.sub !== '-' && /^[!-~]{1,255}(?![\s\S])/.test(claims.sub) ? null : 'authn.subject';
  }

  // What the token grants: a text separated by single spaces, or a list of texts; nothing in any other form.
  function scopesOf(scheme, token) {
    const claims = token.payload, name = policy.tables().issuer(scheme).scopesClaim, claim = has(claims, name) ? claims[name] : null;
    if (typeof claim === 'string') return claim.split(' ');
    const isList = Array.isArray(claim) && claim.every(isText);
    return isList ? claim : [];
  }

  // A signature that cannot even be read (DER, zeros, another length) makes `verify` throw: it is as bad as a wrong one.
  async function isSigned(key, token) {
    const isRsa = key.algorithm === 'RS256';
    const kind = isRsa ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { name: 'ECDSA', namedCurve: 'P-256' };
    const how = isRsa ? { name: 'RSASSA-PKCS1-v1_5' } : { name: 'ECDSA', hash: 'SHA-256' };
    const imported = await crypto.subtle.importKey('spki', Buffer.from(key.spki, 'base64'), kind, false, ['verify']);
    try {
      return await crypto.subtle.verify(how, imported, token.signature, Buffer.from(token.signed)) === true;
    } catch (e) {
      return false;
    }
  }

  function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }

  return { check, read, scopesOf };
}
