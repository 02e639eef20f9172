// Phases 4 and 7: token buckets in a dictionary that all workers share (GCRA, ITU-T I.371).
//
// An entry is the time, in milliseconds, at which the bucket is full again; none: it is full. A dictionary has no
// compare-and-set, and two workers that read the same entry would count once: so a bucket is changed under a lock of its own.
import clientAddress from 'client_address.js';
import policy from 'policy.js';

export default function rateLimit() {
  const LOCK_MS = 1000;
  const ATTEMPTS = 50000;

  // Takes a token of every limit for the client; 0, or the whole seconds until the emptiest bucket has one. Throws for an unknown limit.
  function take(r, names) {
    let waitMs = 0;
    for (let i = 0; i < names.length; i++) {
      const limit = policy.limit(names[i]), key = names[i] + '|' + clientAddress(r, limit.ipv6Prefix);
      waitMs = Math.max(waitMs, takeOne(ngx.shared.gwc_limits, key, limit));
    }
    return Math.ceil(waitMs / 1000);
  }

  // 0, or the milliseconds until the bucket has a token. limit: {interval: milliseconds per token, burst}.
  function takeOne(buckets, key, limit) {
    const lock = key + '|lock';
    for (let n = 0; !buckets.add(lock, 1, LOCK_MS); n++) if (n > ATTEMPTS) throw new Error('no lock for a bucket');
    try {
      return takeLocked(buckets, key, limit);
    } finally {
      buckets.delete(lock);
    }
  }

  // A clock that was set back leaves an empty bucket at most.
  function takeLocked(buckets, key, limit) {
    const now = Date.now(), entry = buckets.get(key), most = now + limit.burst * limit.interval;
    const full = entry === undefined || entry < now ? now : Math.min(entry, most);
    const waitMs = full - now - (limit.burst - 1) * limit.interval;
    if (waitMs > 0) return waitMs;
    buckets.set(key, full + limit.interval, Math.ceil(full + limit.interval - now) + 1000);
    return 0;
  }

  return { take, takeOne };
}
