// Phases 5 and 6: OpenAPI's `security`, OR of ANDs. Every credential that is presented for a scheme of the operation must hold.
//
// A rule asks for `tokens` (bearer.js), `apiKeys`, `basics`, `certificates` (schemes), and for one of `alternatives` ([scheme, scopes] each).
import apiKey from 'api_key.js';
import basic from 'basic.js';
import bearer from 'bearer.js';
import caller from 'caller.js';
import consumer from 'consumer.js';
import mutualTls from 'mutual_tls.js';

export default function security() {
  // The caller (caller.js) as far as it takes no promise, which costs as much as all the rest; null when a token is to be verified.
  function recall(r, asked, nowS) {
    const known = caller().nobody();
    if (asked === null) return known;
    if (hasToken(r, asked) && !bearer().recall(r, asked.tokens, nowS, known)) return null;
    return judge(r, asked, nowS, known);
  }

  // The same with a token that is verified.
  async function verify(r, asked, nowS) {
    const known = caller().nobody();
    await bearer().verify(r, asked.tokens, nowS, known);
    return known.fault === null ? judge(r, asked, nowS, known) : known;
  }

  // Where an operation takes both, the value of Authorization says what it is.
  function hasToken(r, asked) {
    return asked.tokens.length > 0 && r.rawVariables.http_authorization !== undefined && !hasBasic(r, asked);
  }

  function hasBasic(r, asked) {
    if (asked.basics.length === 0 || r.rawVariables.http_authorization === undefined) return false;
    return asked.tokens.length === 0 || basic().isMeant(r.variables.http_authorization);
  }

  // The other credentials, and what all of them together allow.
  function judge(r, asked, nowS, known) {
    const basics = hasBasic(r, asked) ? asked.basics : [];
    const certificates = asked.certificates.length > 0 && mutualTls().isPresented(r) ? asked.certificates : [];
    asked.apiKeys.forEach(function (scheme) { prove(r, scheme, apiKey().check(r, scheme, nowS), 'ApiKey', known); });
    basics.forEach(function (scheme) { prove(r, scheme, basic().check(r, scheme, r.variables.http_authorization, nowS), 'Basic', known); });
    certificates.forEach(function (scheme) { prove(r, scheme, mutualTls().check(r, scheme), 'Certificate', known); });
    return known.fault === null ? decide(asked, known) : known;
  }

  // Notes whose credential this is; found: [reason, number of the consumer], null when there is none.
  function prove(r, scheme, found, kind, known) {
    if (found === null || known.fault !== null) return;
    if (found[0] !== null) { caller().refuse(known, found[0], caller().realm(kind)); return; }
    const owner = consumer().find(r, found[1]);
    known.granted['$' + scheme] = [];
    if (!known.consumers.some(function (other) { return other.id === owner.id; })) known.consumers.push(owner);
  }

  function decide(asked, known) {
    const complete = asked.alternatives.filter(function (a) { return a.every(function (x) { return granted(known, x) !== undefined; }); });
    if (complete.length === 0) return caller().refuse(known, 'authn.missing', caller().realm(kindOf(asked)));
    if (!complete.some(function (a) { return a.every(function (x) { return hasAll(granted(known, x), x[1]); }); })) return caller().lacksScopes(known);
    return known.consumers.length > 1 ? caller().refuse(known, 'authz.consumer', null) : known;
  }

  // The scopes that the scheme of `requirement` ([scheme, scopes]) granted, undefined when it did not verify the caller.
  function granted(known, requirement) { return known.granted['$' + requirement[0]]; }
  function hasAll(scopes, wanted) { return wanted.every(function (x) { return scopes.indexOf(x) >= 0; }); }

  // Challenges for the first kind of credential that the operation takes.
  function kindOf(asked) {
    if (asked.tokens.length > 0) return 'Bearer';
    if (asked.basics.length > 0) return 'Basic';
    return asked.apiKeys.length > 0 ? 'ApiKey' : 'Certificate';
  }

  return { recall, verify };
}
