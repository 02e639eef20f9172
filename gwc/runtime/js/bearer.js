// Phase 5: the token of a request, for the schemes that a rule asks for: [scheme, mark, source, forward] each. What it proves goes to the
// caller (caller.js). With several issuers it must be good for one of them.
import caller from 'caller.js';
import jwt from 'jwt.js';
import policy from 'policy.js';
import remembered from 'remembered.js';
import tokenKey from 'token_key.js';
import tokenMemory from 'token_memory.js';

export default function bearer() {
  // Whether enough is known of the token: all schemes that it could be good for.
  function recall(r, schemes, nowS, known) {
    const bytes = r.rawVariables.http_authorization, others = [];
    for (let i = 0; i < schemes.length; i++) {
      const found = remembered(schemes[i][1], schemes[i][2], bytes, 1000 * nowS);
      if (found === undefined) others.push(schemes[i][0]);
      else grant(known, schemes[i][0], found);
    }
    return known.subject !== null && others.every(function (scheme) { return issuerOf(scheme) !== issuerOf(known.tokens[0]); });
  }

  async function verify(r, schemes, nowS, known) {
    const reader = jwt(), token = reader.read(r.variables.http_authorization), wanted = possible(schemes, token);
    let first = null;
    for (let i = 0; i < wanted.length; i++) {
      const place = tokenKey(wanted[i][1], wanted[i][2], r.rawVariables.http_authorization, 1000 * nowS);
      const fault = await reader.check(r, wanted[i][0], token, nowS);
      if (fault === null) accept(wanted[i][0], place, reader.granted(wanted[i][0], token.payload), nowS, known);
      else if (first === null) first = fault;
    }
    if (known.subject === null) caller().badToken(known, first);
  }

  // Those of the token's issuer. Where there is none, the first one says what is wrong.
  function possible(schemes, token) {
    if (schemes.length === 1 || token === null || token.payload === null) return schemes.slice(0, 1);
    const same = schemes.filter(function (scheme) { return issuerOf(scheme[0]) === token.payload.iss; });
    return same.length > 0 ? same : schemes.slice(0, 1);
  }

  function accept(scheme, place, found, nowS, known) {
    grant(known, scheme, found);
    tokenMemory().keep(place, found, 1000 * nowS);
  }

  function grant(known, scheme, found) {
    known.subject = found[2];
    known.granted['$' + scheme] = found[3];
    known.tokens.push(scheme);
  }

  function issuerOf(scheme) { return policy.issuer(scheme).issuer; }

  return { recall, verify };
}
