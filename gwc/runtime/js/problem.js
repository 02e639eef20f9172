// The gateway's own answers: problem+json (RFC 9457) with a reason of the policy's table, and nothing of the request.
import policy from 'policy.js';

export default function problem() {
  // Ends the request. `name` and `value`: a header field that belongs to the answer; null for none.
  function refuse(r, reason, name, value) { answer(r, reason, name, value, undefined); }

  // The same for a request that does not hold what the document says; failures: [place, pointer, keyword] each, none with a word of the client.
  function refuseInvalid(r, reason, failures) { answer(r, reason, '', null, failures.slice(0, 5).map(told)); }

  function told(failure) { return { in: failure[0], pointer: failure[1], keyword: failure[2] }; }

  function answer(r, reason, name, value, errors) {
    const known = policy.problem(reason);
    r.variables.gwc_reason = reason;
    r.headersOut['Content-Type'] = 'application/problem+json';
    r.headersOut['Cache-Control'] = 'no-store';
    if (value !== null) r.headersOut[name] = value;
    r.return(known[0], JSON.stringify({
      type: 'about:blank', title: known[1], status: known[0], reason: reason, requestId: r.variables.request_id, errors: errors,
    }));
  }

  return { refuse, refuseInvalid, told };
}
