// Phases 4 to 10 for a request that is not among the usual ones (gwc.js).
import authorization from 'authorization.js';
import body from 'body.js';
import consumer from 'consumer.js';
import forwarding from 'forwarding.js';
import given from 'policy.js';
import judging from 'judging.js';
import policy from 'policy.js';
import problem from 'problem.js';
import rateLimit from 'rate_limit.js';
import security from 'security.js';

export default function decision() {
  // Decides by the rule of this number; a promise only where it takes one.
  function decide(r, number, isFramed) {
    const rule = policy.rule(number);
    if (rule === null) { problem().refuse(r, 'internal.error', '', null); return undefined; }

    const waitS = rule.limits === null ? 0 : rateLimit().take(r, rule.limits);
    if (waitS > 0) { problem().refuse(r, 'flood.limit', 'Retry-After', String(waitS)); return undefined; }

    const nowS = Date.now() / 1000, known = security().recall(r, rule.security, nowS);
    return known === null ? verify(r, rule, isFramed, nowS) : settle(r, rule, isFramed, known);
  }

  // The same for a request with a token that nothing is known of.
  async function verify(r, rule, isFramed, nowS) {
    try {
      const reading = settle(r, rule, isFramed, await security().verify(r, rule.security, nowS));
      if (reading !== undefined) await reading;
    } catch (e) {
      fail(r, e);
    }
  }

  // What is left when it is known who calls. A promise only where the body must be read to know its length.
  function settle(r, rule, isFramed, known) {
    if (known.fault === null && rule.rules !== null) authorization().check(r, rule.rules, known);
    if (known.fault === null || known.fault.slice(0, 6) === 'authz.') name(r, known);
    if (known.fault !== null) { problem().refuse(r, known.fault, 'WWW-Authenticate', known.challenge); return undefined; }

    const limited = known.consumers.length > 0 && known.consumers[0].limits.length > 0, waitS = limited ? consumer().take(known.consumers[0]) : 0;
    if (waitS > 0) { problem().refuse(r, 'throttle.limit', 'Retry-After', String(waitS)); return undefined; }

    const length = isFramed ? r.variables.http_content_length : '0', fault = length === undefined ? null : body().check(r, rule.body, Number(length));
    if (fault !== null) { problem().refuse(r, fault, '', null); return undefined; }
    if (rule.validation !== null && !hasGoodParameters(r, given.parameters(rule.validation[0]))) return undefined;
    if (length === undefined || (rule.validation !== null && rule.validation[1] && Number(length) > 0)) return read(r, rule, known);
    finish(r, rule, known);
    return undefined;
  }

  function hasGoodParameters(r, rule) {
    const failures = judging().validation().checkParameters(r, rule);
    if (failures.length > 0) problem().refuseInvalid(r, 'validate.parameters', failures);
    return failures.length === 0;
  }

  // For the log and the upstream.
  function name(r, known) {
    if (known.subject !== null) r.variables.gwc_subject = known.subject;
    if (known.consumers.length === 1) r.variables.gwc_consumer = known.consumers[0].id;
  }

  // Of a body that is judged, or came in chunks: a length that was not declared is not believed to be there.
  async function read(r, rule, known) {
    try {
      const bytes = await r.readRequestArrayBuffer(), fault = body().check(r, rule.body, bytes.byteLength);
      if (fault !== null) { problem().refuse(r, fault, '', null); return; }
      const isJudged = rule.validation !== null && rule.validation[1] && bytes.byteLength > 0, refusal = isJudged ? judge(r, rule.validation[0], bytes) : null;
      if (refusal === null) finish(r, rule, known);
      else if (refusal[1] === null) problem().refuse(r, refusal[0], '', null);
      else problem().refuseInvalid(r, refusal[0], refusal[1]);
    } catch (e) {
      fail(r, e);
    }
  }

  function judge(r, number, bytes) {
    return judging().validation().checkBody(given.bodies(number), r.variables.http_content_type, Buffer.from(bytes));
  }

  function finish(r, rule, known) {
    forwarding().prepare(r, rule, known);
    r.variables.gwc_up = rule.upstream;
  }

  function fail(r, e) {
    r.error('gwc: ' + e);
    problem().refuse(r, 'internal.error', '', null);
  }

  return { decide, fail };
}
