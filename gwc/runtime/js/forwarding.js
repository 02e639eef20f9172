// Phase 10: what of the head depends on the caller, or carries keys. NGINX forwards these variables; one that was not set is no field.
import carrier from 'carrier.js';
import jwt from 'jwt.js';
import policy from 'policy.js';

export default function forwarding() {
  function prepare(r, rule, known) {
    if (rule.security !== null) forwardToken(r, rule.security.tokens, known);
    removeKeys(r);
  }

  // `forward` of the schemes that the token was verified for.
  function forwardToken(r, schemes, known) {
    for (let i = 0; i < schemes.length; i++) {
      if (schemes[i][3] === 'never' || known.tokens.indexOf(schemes[i][0]) < 0) continue;
      const authorization = r.variables.http_authorization;
      if (schemes[i][3] === 'token') r.variables.gwc_authorization = authorization.trim();
      else r.variables.gwc_claims = jwt().payloadText(authorization);
    }
  }

  // [names in the query, names of cookies] that carry keys of some operation never reach the upstream, on any.
  function removeKeys(r) {
    const removed = policy.removed(), cookie = removed[1].length > 0 ? r.rawVariables.http_cookie : undefined;
    if (removed[0].length > 0) r.variables.gwc_target_sent = carrier().targetWithout(r.variables.request_uri, removed[0]);
    if (cookie !== undefined) r.variables.gwc_cookie = carrier().cookiesWithout(cookie, removed[1]);
  }

  return { prepare };
}
