// Token buckets in dictionaries that all workers share (GCRA, ITU-T I.371).
//
// An entry is the time, in milliseconds, at which the bucket is full again; none: it is full. A dictionary has no
// compare-and-set, and two workers that read the same entry would count once: so a bucket is changed under a lock of its own.

export default function bucket() {
  const LOCK_MS = 1000;
  const ATTEMPTS = 50000;

  // Takes tokens; [0, or the milliseconds until there are so many; the milliseconds until the bucket is full]. Infinity: no room for another bucket.
  // buckets: name of the dictionary; limit: {interval: milliseconds per token, burst}.
  function take(buckets, key, limit, tokens) {
    const locks = ngx.shared.gwc_locks, lock = buckets + '|' + key;
    for (let n = 0; !locks.add(lock, 1, LOCK_MS); n++) if (n > ATTEMPTS) throw new Error('no lock for a bucket');
    try {
      return takeLocked(ngx.shared[buckets], key, limit, tokens);
    } catch (e) {
      if (e.name === 'SharedMemoryError') return [Infinity, Infinity];
      throw e;
    } finally {
      locks.delete(lock);
    }
  }

  // A clock that was set back leaves an empty bucket at most, which is filled from then on. Sums of doubles are not exact, and clocks have
  // milliseconds: a token may be taken so much too early, and stays owed.
  function takeLocked(buckets, key, limit, tokens) {
    const now = Date.now(), entry = buckets.get(key), slack = Math.min(1, limit.interval / 10), most = now + limit.burst * limit.interval + slack;
    const full = entry === undefined || entry < now ? now : Math.min(entry, most);
    const waitMs = full - now - (limit.burst - tokens) * limit.interval;
    if (waitMs > slack) {
      if (entry > most) keep(buckets, key, most, now);
      return [waitMs, full - now];
    }
    keep(buckets, key, full + tokens * limit.interval, now);
    return [0, full + tokens * limit.interval - now];
  }

  function keep(buckets, key, full, now) { buckets.set(key, full, Math.ceil(full - now) + 1000); }

  return { take };
}
