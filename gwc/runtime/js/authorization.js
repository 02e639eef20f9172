// Phase 6: the rules of the policy that cover the operation (gwc/controls/authorization_rule.py). All of them must hold.
//
// A rule has what it requires, and nothing else, of {scopes, roles, consumers, zones: numbers, claims: [name, kind, values] each,
// equal: [side, side] each}; a side is ['claim', name], ['path', index, prefix, suffix] or ['consumer'].
import caller from 'caller.js';
import carrier from 'carrier.js';
import claims from 'claims.js';
import jwt from 'jwt.js';
import policy from 'policy.js';

export default function authorization() {
  const LAST_NUMBER = 9007199254740991;

  // Puts the fault of the first rule that does not hold into the caller.
  function check(r, rules, known) {
    for (let i = 0; i < rules.length && known.fault === null; i++) checkOne(r, rules[i], known);
  }

  function checkOne(r, rule, known) {
    if (rule.scopes !== undefined && !hasAll(scopesOf(known), rule.scopes)) { caller().lacksScopes(known); return; }
    const fault = faultOf(r, rule, known);
    if (fault !== null) caller().refuse(known, fault, null);
  }

  function faultOf(r, rule, known) {
    if (rule.roles !== undefined && !hasOne(rolesOf(r, known), rule.roles)) return 'authz.role';
    if (rule.consumers !== undefined && !hasOne(known.consumers.map(idOf), rule.consumers)) return 'authz.consumer';
    if (rule.zones !== undefined && !rule.zones.some(function (n) { return r.variables['gwc_zone_' + n] === '1'; })) return 'authz.zone';
    if (rule.claims !== undefined && !rule.claims.every(function (c) { return holds(c, claim(r, c[0], known)); })) return 'authz.claim';
    return rule.equal === undefined || rule.equal.every(function (sides) { return areEqual(r, sides, known); }) ? null : 'authz.object';
  }

  function hasAll(there, wanted) { return wanted.every(function (x) { return there.indexOf(x) >= 0; }); }
  function hasOne(there, wanted) { return wanted.some(function (x) { return there.indexOf(x) >= 0; }); }
  function idOf(owner) { return owner.id; }

  function scopesOf(known) {
    return known.tokens.reduce(function (all, scheme) { return all.concat(known.granted['$' + scheme]); }, []);
  }

  // Those of the consumer and of the token.
  function rolesOf(r, known) {
    const own = known.consumers.reduce(function (all, owner) { return all.concat(owner.roles); }, []);
    return known.tokens.reduce(function (all, scheme) {
      return all.concat(claims().texts(payloadOf(r, known), policy.issuer(scheme).roles));
    }, own);
  }

  function payloadOf(r, known) {
    if (known.payload === null) known.payload = jwt().payloadOf(r.variables.http_authorization);
    return known.payload;
  }

  // The claim by the path of the first scheme that the token was verified for; undefined for none.
  function claim(r, name, known) {
    if (known.tokens.length === 0) return undefined;
    const named = policy.issuer(known.tokens[0]).claims;
    return claims().find(payloadOf(r, known), claims().has(named, name) ? named[name] : [name]);
  }

  // Whether a claim, or undefined, is as a condition wants it.
  function holds(condition, found) {
    if (condition[1] === 'oneOf') return isOneOf(found, condition[2]);
    return Array.isArray(found) && found.some(function (x) { return isOneOf(x, condition[2]); });
  }

  // Types are never mixed; a number beyond 2^53 - 1 equals nothing.
  function isOneOf(found, values) {
    if (typeof found === 'number') return Math.abs(found) <= LAST_NUMBER && values.indexOf(found) >= 0;
    return (typeof found === 'string' || typeof found === 'boolean') && values.indexOf(found) >= 0;
  }

  // Byte for byte: two parameters of the path may hold bytes that are no text.
  function areEqual(r, sides, known) {
    const one = bytesOf(r, sides[0], known), other = bytesOf(r, sides[1], known);
    return one !== null && other !== null && one.equals(other);
  }

  function bytesOf(r, side, known) {
    if (side[0] === 'path') return parameter(r.variables.request_uri, side);
    if (side[0] === 'consumer') return known.consumers.length === 1 ? Buffer.from(known.consumers[0].id) : null;
    const found = claim(r, side[1], known);
    return typeof found === 'string' ? Buffer.from(found) : null;
  }

  // The decoded parameter of the raw path, which is one of the operation's template.
  function parameter(target, side) {
    const segment = target.split('?')[0].split('/')[side[1] + 1];
    return carrier().decoded(segment.slice(side[2].length, segment.length - side[3].length));
  }

  return { check, claim, holds, parameter };
}
