// The decisions of a gateway on NGINX: njs >= 0.9.9, written for its own engine and for QuickJS.
//
// njs runs the top level of every module for each request, and QuickJS keeps it between requests. So a module is one
// function: what it holds is made when it is called, no data and no state stands outside.
//
// A handler that rejects grants access (njs 0.9.9 and 1.0.0). So the verdict `gwc_up` is the name of the upstream, it is
// set by the last statement of all, and an empty one has no server: 500.
import body from 'body.js';
import head from 'head.js';
import policy from 'policy.js';
import problem from 'problem.js';
import rateLimit from 'rate_limit.js';
import security from 'security.js';

// Decides on a request whose operation was found by NGINX. `gwc_case` is the number of the operation's rule, with `+` when a
// body may follow. Most requests need no promise, which costs as much as all the rest.
function access(r) {
  try {
    const asked = r.variables.gwc_case, isFramed = asked.charAt(asked.length - 1) === '+';
    const rule = policy.rule(isFramed ? asked.slice(0, -1) : asked);
    if (rule === null) { problem().refuse(r, 'internal.error'); return undefined; }

    if (rule.limits !== null) {
      const waitS = rateLimit().take(rule.limits, r.remoteAddress);
      if (waitS > 0) { problem().refuse(r, 'flood.limit', 'Retry-After', String(waitS)); return undefined; }
    }
    if (rule.security !== null || isFramed || rule.body.required) return inspect(r, rule, isFramed);
    r.variables.gwc_up = rule.upstream;
  } catch (e) {
    fail(r, e);
  }
  return undefined;
}

// The same for a request that has to show credentials, or may have a body.
async function inspect(r, rule, isFramed) {
  try {
    if (rule.security !== null) {
      const caller = await security().verify(r, rule.security, Date.now() / 1000);
      if (caller.subject !== null) r.variables.gwc_subject = caller.subject;
      if (caller.consumer !== null) r.variables.gwc_consumer = caller.consumer;
      if (caller.fault !== null) { problem().refuse(r, caller.fault, 'WWW-Authenticate', caller.challenge); return; }
    }
    const fault = isFramed ? await body().check(r, rule.body) : body().checkAbsent(rule.body);
    if (fault !== null) { problem().refuse(r, fault); return; }
    r.variables.gwc_up = rule.upstream;
  } catch (e) {
    fail(r, e);
  }
}

function fail(r, e) {
  r.error('gwc: ' + e);
  problem().refuse(r, 'internal.error');
}

export default { access, head };
