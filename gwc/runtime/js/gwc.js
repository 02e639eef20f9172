// The decisions of a gateway on NGINX: njs >= 0.9.9, written for its own engine and for QuickJS.
//
// njs runs the top level of every module for each request, and QuickJS keeps it between requests. So a module is one
// function: what it holds is made when it is called, no data and no state stands outside.
//
// A handler that rejects grants access (njs 0.9.9 and 1.0.0). So the verdict `gwc_up` is the name of the upstream, it is
// set by the last statement of all, and an empty one has no server: 500.
import head from 'head.js';
import given from 'policy.js';
import remembered from 'remembered.js';
import rest from 'rest.js';

// Decides on a request whose operation was found by NGINX. `gwc_case` is the number of the operation's rule, with `+` when a
// body may follow. Of most requests all that is asked is a token, and the token is known: [upstream, mark, source, scope, scope ..].
// Promises, and calls within calls, cost as much as all the rest.
function access(r) {
  try {
    const asked = r.variables.gwc_case, isFramed = asked.charAt(asked.length - 1) === '+', usual = isFramed ? null : given.usual(asked);
    const authorization = usual === null ? undefined : r.rawVariables.http_authorization;
    const known = authorization === undefined ? undefined : remembered(usual[1], usual[2], authorization, Date.now());
    if (known === undefined || !isGranted(known[3], usual)) return rest().decision().decide(r, isFramed ? asked.slice(0, -1) : asked, isFramed);
    r.variables.gwc_subject = known[2];
    r.variables.gwc_up = usual[0];
  } catch (e) {
    rest().decision().fail(r, e);
  }
  return undefined;
}

function isGranted(scopes, usual) {
  for (let i = 3; i < usual.length; i++) if (scopes.indexOf(usual[i]) < 0) return false;
  return true;
}

// A background request for a key set. Nobody waits for its answer.
async function keys(r) {
  try {
    await rest().keyProvider().fetch(r);
  } catch (e) {
    r.error('gwc: ' + e);
  }
  r.return(204);
}

// Filters of the provider's answer. What fails in them ends the connection of the client, so nothing does but an answer without end.
function keysHead(r) {
  try {
    rest().keyProvider().head(r);
  } catch (e) {
    r.error('gwc: ' + e);
  }
}

function keysBody(r, data, flags) {
  let isEndless = false;
  try {
    isEndless = rest().keyProvider().body(r, data, flags);
  } catch (e) {
    r.error('gwc: ' + e);
  }
  if (isEndless) throw new Error('a key set that takes too long');
}

// A variable without text that the access log asks for, once for each answer, also of requests that need nothing else of `rest`.
function count(r) {
  ngx.shared.gwc_metrics.incr(r.variables.gwc_log_consumer + '\n' + r.variables.gwc_log_reason, 1, 0);
  return '';
}

function counters(r) { rest().metrics().answer(r); }

export default { access, count, counters, head, keys, keysBody, keysHead };
