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

    if (rule.limits !== null) {
      rule.told = [];
      if (isLimited(r, rule, 'flood', count(r, rule, 0, null, undefined))) return undefined;
    }
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

    const isLimitedHimself = known.consumers.length > 0 && known.consumers[0].limits.length > 0, ownMs = isLimitedHimself ? consumer().take(known.consumers[0]) : 0;
    if (isLimited(r, rule, 'throttle', Math.max(ownMs, count(r, rule, 1, known, undefined)))) return undefined;

    const length = isFramed ? r.variables.http_content_length : '0', fault = length === undefined ? null : body().check(r, rule.body, Number(length));
    if (fault !== null) { problem().refuse(r, fault, '', null); return undefined; }
    if (rule.validation !== null && !hasGoodParameters(r, given.parameters(rule.validation[0]))) return undefined;
    if (length === undefined || (rule.validation !== null && rule.validation[1] && Number(length) > 0)) return read(r, rule, known);
    finish(r, rule, known, undefined);
    return undefined;
  }

  // Takes the tokens of the limits of a phase (0 flood, 1 throttle, 2 body); 0, or the milliseconds until they are all there.
  function count(r, rule, phase, known, value) {
    return rule.limits === null ? 0 : rateLimit().count(r, rule.limits[phase], known, value, rule.told);
  }

  // Whether the request was refused.
  function isLimited(r, rule, kind, waitMs) {
    if (waitMs === 0) return false;
    if (waitMs === Infinity) { problem().refuse(r, 'internal.unavailable', '', null); return true; }
    tell(r, rule);
    problem().refuse(r, kind + '.limit', 'Retry-After', String(Math.ceil(waitMs / 1000)));
    return true;
  }

  // RateLimit fields of the answer, whoever makes it.
  function tell(r, rule) {
    if (rule.limits === null || rule.told.length === 0) return;
    r.variables.gwc_limits_policy = rule.told.map(function (one) { return one[0]; }).join(', ');
    r.variables.gwc_limits_left = rule.told.map(function (one) { return one[1]; }).join(', ');
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
      const isJudged = rule.validation !== null && rule.validation[1] && bytes.byteLength > 0, taken = { value: undefined };
      const refusal = isJudged ? judge(r, rule.validation[0], bytes, taken) : null;
      if (refusal === null) finish(r, rule, known, taken.value);
      else if (refusal[1] === null) problem().refuse(r, refusal[0], '', null);
      else problem().refuseInvalid(r, refusal[0], refusal[1]);
    } catch (e) {
      fail(r, e);
    }
  }

  function judge(r, number, bytes, taken) {
    return judging().validation().checkBody(given.bodies(number), r.variables.http_content_type, Buffer.from(bytes), taken);
  }

  function finish(r, rule, known, value) {
    if (isLimited(r, rule, 'throttle', count(r, rule, 2, known, value))) return;
    tell(r, rule);
    forwarding().prepare(r, rule, known);
    r.variables.gwc_up = rule.upstream;
  }

  function fail(r, e) {
    r.error('gwc: ' + e);
    problem().refuse(r, 'internal.error', '', null);
  }

  return { decide, fail };
}
