// Phase 5: JWT access tokens (RFC 7519, RFC 8725). The order of the checks is the order of the reasons in gwc/controls/jwt.py.
import base64url from 'base64url.js';
import claims from 'claims.js';
import json from 'json.js';
import keySource from 'key_source.js';
import lowered from 'lowered.js';
import policy from 'policy.js';
import signature from 'signature.js';

export default function jwt() {
  const LAST_DATE = 9007199254740991;

  // The parts of `Bearer <JWS compact>`, or null: three canonical parts, the header a JSON object. The payload is null when it is
  // none, or when registered claims have other types than RFC 7519 section 4.1 gives them.
  function read(authorization) {
    const m = /^[ \t]*Bearer ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)[ \t]*(?![\s\S])/.exec(authorization);
    if (m === null) return null;
    const head = base64url().decode(m[1]), body = base64url().decode(m[2]), bytes = base64url().decode(m[3]);
    const header = head === null || body === null || bytes === null ? null : json().parseObject(head);
    if (header === null) return null;
    const payload = json().parseObject(body);
    return { header: header, payload: payload !== null && isTyped(payload) ? payload : null, signature: bytes, signed: m[1] + '.' + m[2] };
  }

  function isTyped(payload) {
    const aud = has(payload, 'aud') ? payload.aud : '';
    const dates = ['exp', 'nbf', 'iat'].every(function (n) { return !has(payload, n) || isDate(payload[n]); });
    const texts = ['iss', 'sub', 'jti'].every(function (n) { return !has(payload, n) || isText(payload[n]); });
    return dates && texts && (isText(aud) || Array.isArray(aud) && aud.every(isText));
  }

  function isText(value) { return typeof value === 'string'; }
  function isDate(value) { return typeof value === 'number' && value >= 0 && value <= LAST_DATE; }

  // null when the token is good for the scheme, else the reason.
  async function check(r, scheme, token, nowS) {
    if (token === null) return 'authn.malformed';
    const issuer = policy.issuer(scheme), header = token.header;
    if (has(header, 'crit')) return 'authn.critical';
    if (issuer.typ !== null && typeOf(header) !== issuer.typ) return 'authn.type';
    if (!isText(header.kid)) return 'authn.unknownKey';
    const key = issuer.keys[0] === 'file' ? ofPolicy(scheme, header.kid) : await keySource().find(r, issuer, header.kid);
    if (key.length === 1) return key[0];
    if (header.alg !== key[0] || issuer.algorithms.indexOf(key[0]) < 0) return 'authn.algorithm';
    if (await signature().isGood(key[0], key[1], token.signature, token.signed) !== true) return 'authn.signature';
    return token.payload === null ? 'authn.claims' : timeFault(issuer, token.payload, nowS) || claimFault(issuer, token.payload);
  }

  function ofPolicy(scheme, kid) {
    const key = policy.key(scheme, kid);
    return key === null ? ['authn.unknownKey'] : key;
  }

  function typeOf(header) { return isText(header.typ) ? lowered(header.typ).replace(/^application\//, '') : null; }

  function timeFault(issuer, payload, nowS) {
    const time = window(issuer, payload);
    if (!has(payload, 'exp') || !(nowS < time[1])) return 'authn.expired';
    if (has(payload, 'nbf') && !(nowS >= payload.nbf - issuer.skew)) return 'authn.notBefore';
    return nowS >= time[0] ? null : 'authn.issuedAt';
  }

  // The time in which the token is good: [first second, first second after it].
  function window(issuer, payload) {
    const nbf = has(payload, 'nbf') ? payload.nbf : 0, iat = has(payload, 'iat') ? payload.iat : 0;
    return [Math.max(nbf, iat) - issuer.skew, payload.exp + issuer.skew];
  }

  // What does not depend on the time.
  function claimFault(issuer, payload) {
    if (issuer.lifetime !== null && !(has(payload, 'iat') && payload.exp - payload.iat <= issuer.lifetime)) return 'authn.lifetime';
    if (payload.iss !== issuer.issuer) return 'authn.issuer';
    const audiences = Array.isArray(payload.aud) ? payload.aud : [payload.aud];
    if (!audiences.some(function (a) { return isText(a) && issuer.audiences.indexOf(a) >= 0; })) return 'authn.audience';
    return isText(payload.sub) && payload.sub !== '-' && /^[!-~]{1,255}(?![\s\S])/.test(payload.sub) ? null : 'authn.subject';
  }

  // What is worth remembering of a good token: [from, until, subject, scopes].
  function granted(scheme, payload) {
    const issuer = policy.issuer(scheme);
    return window(issuer, payload).concat([payload.sub, claims().texts(payload, issuer.scopes)]);
  }

  // The payload of a field that was verified before.
  function payloadOf(authorization) { return JSON.parse(base64url().decode(payloadText(authorization)).toString()); }
  function payloadText(authorization) { return authorization.split('.')[1]; }
  function has(object, name) { return claims().has(object, name); }

  return { check, granted, payloadOf, payloadText, read };
}
