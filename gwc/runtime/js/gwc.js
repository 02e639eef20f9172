// The decisions of a gateway on NGINX: njs >= 0.9.9, written for its own engine and for QuickJS.
//
// njs runs the top level of every module for each request, and QuickJS keeps it between requests. So a module is one
// function: what it holds is made when it is called, no data and no state stands outside.
//
// A handler that rejects grants access (njs 0.9.9 and 1.0.0). So the verdict `gwc_up` is the name of the upstream, it is
// set by the last statement of all, and an empty one has no server: 500.
import fits from 'fits.js';
import head from 'head.js';
import judging from 'judging.js';
import plainParameters from 'plain_parameters.js';
import given from 'policy.js';
import remembered from 'remembered.js';
import rest from 'rest.js';

// Decides on a request whose operation was found by NGINX. `gwc_case` is the number of the operation's rule and a sign that says what is to be
// looked at: `?` parameters, `j` JSON, `J` both, `+` whatever it may be. Of most requests all that is asked is a token, and the token is known.
// Promises, and calls within calls, cost as much as all the rest.
function access(r) {
  try {
    const asked = r.variables.gwc_case, sign = asked.charAt(asked.length - 1), isSigned = sign > '9' || sign === '+';
    const number = isSigned ? asked.slice(0, -1) : asked, isFramed = isSigned && sign !== '?';
    let usual = isSigned ? null : given.usual(number), row = null;
    if (usual === null && sign !== '+' && given.validated !== undefined) {
      row = given.validated(number);
      if (row !== null) usual = row[0];
    }
    if (usual === null || !isKnown(r, usual)) return rest().decision().decide(r, number, isFramed);
    if (row !== null) {
      const isBare = row[1] && (sign === 'j' || !isSigned);
      if ((!isFramed && row[4]) || (isFramed && row[2] === null) || !(isBare || hasGoodParameters(r, number))) return rest().decision().decide(r, number, isFramed);
      if (isFramed) return inspect(r, row, number);
    }
    r.variables.gwc_up = usual[0];
  } catch (e) {
    rest().decision().fail(r, e);
  }
  return undefined;
}

// usual: [upstream, mark, source, scope, scope ..]; an empty mark: nobody is asked.
function isKnown(r, usual) {
  if (usual[1] === '') return true;
  const authorization = r.rawVariables.http_authorization, known = authorization === undefined ? undefined : remembered(usual[1], usual[2], authorization, Date.now());
  if (known === undefined) return false;
  for (let i = 3; i < usual.length; i++) if (known[3].indexOf(usual[i]) < 0) return false;
  r.variables.gwc_subject = known[2];
  return true;
}

function hasGoodParameters(r, number) {
  const rule = given.parameters(number);
  return plainParameters(r, rule, given.schema, more) || judging().hasGoodParameters(r, rule);
}

// row: [usual, _, number of the schema, limits, _]. A body that may not be what it should be is looked at again by those who can say why.
function inspect(r, row, number) {
  return r.readRequestText().then(function (text) {
    try {
      if (text === '' || !fits(given.schema, more, row[2], text, row[3])) return rest().decision().decide(r, number, true);
      r.variables.gwc_up = row[0][0];
    } catch (e) {
      rest().decision().fail(r, e);
    }
    return undefined;
  });
}

function more() { return judging().helpers(); }

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
