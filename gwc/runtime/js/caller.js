// Who calls, as far as it is known: {fault, challenge, subject, consumers, granted: scopes by scheme, tokens: schemes of the token,
// payload: the token's, once a rule has asked for it}. The fault is null while the caller may go on.
import policy from 'policy.js';

export default function caller() {
  function nobody() { return { fault: null, challenge: null, subject: null, consumers: [], granted: {}, tokens: [], payload: null }; }

  function refuse(known, fault, challenge) {
    known.fault = fault;
    known.challenge = challenge;
    return known;
  }

  // 401 for a token, 403 for one that grants too little.
  function badToken(known, fault) { return refuse(known, fault, fault === 'internal.unavailable' ? null : bearer('invalid_token')); }
  function lacksScopes(known) { return refuse(known, 'authz.scope', bearer('insufficient_scope')); }

  function bearer(error) { return realm('Bearer') + ', error="' + error + '"'; }
  function realm(kind) { return kind + ' realm="' + policy.realm() + '"'; }

  return { badToken, lacksScopes, nobody, realm, refuse };
}
