// Phase 5: HTTP Basic (RFC 7617), for generated keys only (gwc/controls/basic.py).
import apiKey from 'api_key.js';
import consumer from 'consumer.js';
import policy from 'policy.js';

export default function basic() {
  // Whether a value of Authorization is meant for this scheme, where tokens are taken, too.
  function isMeant(authorization) { return /^[ \t]*Basic /.test(authorization); }

  // [reason, number of the consumer], as for API keys: of `Basic ` and canonical, padded base64 of a consumer's id and a key of its own.
  function check(r, scheme, authorization, nowS) {
    const m = /^[ \t]*Basic ([A-Za-z0-9+\/]+={0,2})[ \t]*(?![\s\S])/.exec(authorization), bytes = m === null ? null : decode(m[1]);
    const colon = bytes === null ? -1 : bytes.indexOf(0x3a);
    if (colon < 0 || !/^gwc_[0-9A-Za-z]{49}(?![\s\S])/.test(bytes.slice(colon + 1).toString())) return ['authn.basic'];
    const found = apiKey().find(r, policy.basic(scheme), bytes.slice(colon + 1), nowS, 'authn.basic');
    return found.length === 2 && consumer().find(r, found[1]).id === bytes.slice(0, colon).toString() ? found : ['authn.basic'];
  }

  function decode(text) {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : null;
  }

  return { check, isMeant };
}
