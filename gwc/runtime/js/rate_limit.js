// Phases 4, 7 and 9: the limits of an operation that the script counts (gwc/controls/rate_limit.py).
import bucket from 'bucket.js';
import policy from 'policy.js';
import rateKey from 'rate_key.js';

export default function rateLimit() {
  // Takes the tokens of every charge: [name of the limit, tokens, parts of the key]. 0, or the milliseconds until all buckets have enough;
  // Infinity: there is no room for another one. told: takes [policy, what is left] of limits that announce themselves. Throws for an unknown limit.
  function count(r, charges, known, value, told) {
    let waitMs = 0;
    for (let i = 0; i < charges.length; i++) {
      const charge = charges[i], limit = policy.limit(charge[0]);
      const found = bucket().take(charge[0], rateKey().of(r, charge[2], known, value), limit, charge[1]);
      waitMs = Math.max(waitMs, found[0]);
      if (limit.announced !== null) told.push([limit.announced[1], left(limit, found[1])]);
    }
    return waitMs;
  }

  // Whole tokens, and the whole seconds until there is one more (draft-ietf-httpapi-ratelimit-headers-10).
  function left(limit, missingMs) {
    const tokens = Math.max(0, limit.burst - missingMs / limit.interval), whole = Math.floor(tokens + 1e-4);
    const waitS = Math.max(1, Math.ceil((whole + 1 - tokens) * limit.interval / 1000));
    return limit.announced[0] + ';r=' + whole + ';t=' + waitS;
  }

  return { count };
}
