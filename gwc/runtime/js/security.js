// Phases 5 and 6: OpenAPI's `security`, OR of ANDs. Every credential that is presented for a scheme of the operation must hold.
import apiKey from 'api_key.js';
import jwt from 'jwt.js';
import policy from 'policy.js';

export default function security() {
  // Judges by what a rule asks for: schemes, and alternatives of [scheme, scopes].
  // {fault, challenge, subject, consumer}: the fault is null when the caller may go on.
  async function verify(r, asked, nowS) {
    const caller = { fault: null, challenge: null, subject: null, consumer: null, scopes: {} };
    if (asked.jwts.length > 0) await verifyToken(r, asked.jwts, nowS, caller);
    for (let i = 0; i < asked.apiKeys.length && caller.fault === null; i++) verifyKey(r, asked.apiKeys[i], nowS, caller);
    if (caller.fault !== null) return refused(caller.fault, caller.challenge);
    return decide(asked, caller);
  }

  // With several issuers a token is good when it is good for one of them.
  async function verifyToken(r, schemes, nowS, caller) {
    const authorization = r.variables.http_authorization;
    if (authorization === undefined) return;
    const token = jwt().read(authorization);
    let first = null;
    for (let i = 0; i < schemes.length; i++) {
      const fault = await jwt().check(schemes[i], token, nowS);
      if (fault === null) {
        caller.scopes['$' + schemes[i]] = jwt().scopesOf(schemes[i], token);
        caller.subject = token.payload.sub;
      } else if (first === null) first = fault;
    }
    if (caller.subject === null) { caller.fault = first; caller.challenge = bearer('invalid_token'); }
  }

  function verifyKey(r, scheme, nowS, caller) {
    const key = apiKey().read(r, scheme);
    if (key === null) return;
    const checked = apiKey().check(r, scheme, key, nowS);
    if (checked[0] !== null) { caller.fault = checked[0]; caller.challenge = realm('ApiKey'); return; }
    caller.scopes['$' + scheme] = [];
    caller.consumer = checked[1];
  }

  function decide(asked, caller) {
    const complete = asked.alternatives.filter(function (a) { return a.every(function (x) { return granted(caller, x) !== undefined; }); });
    if (complete.length === 0) return refused('authn.missing', realm(asked.jwts.length > 0 ? 'Bearer' : 'ApiKey'));
    if (complete.some(function (a) { return a.every(function (x) { return hasAll(granted(caller, x), x[1]); }); })) return caller;
    caller.fault = 'authz.scope';
    caller.challenge = bearer('insufficient_scope');
    return caller;
  }

  // The scopes that the scheme of `requirement` ([scheme, scopes]) granted, undefined when it did not verify the caller.
  function granted(caller, requirement) { return caller.scopes['$' + requirement[0]]; }
  function hasAll(scopes, wanted) { return wanted.every(function (x) { return scopes.indexOf(x) >= 0; }); }
  function refused(fault, challenge) { return { fault: fault, challenge: challenge, subject: null, consumer: null }; }
  function realm(kind) { return kind + ' realm="' + policy.tables().realm() + '"'; }
  function bearer(error) { return realm('Bearer') + ', error="' + error + '"'; }

  return { verify };
}
