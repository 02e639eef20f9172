// Keeps what was found out about a good token (remembered.js): for an hour at most, and not what is very long. `key` is a tokenKey from before
// the token's key was looked up: what was verified with a set that another one has replaced since is kept where nobody looks any more.
export default function tokenMemory() {
  function keep(key, known, now) {
    const text = JSON.stringify(known);
    if (key === null || text.length > 4096) return;
    ngx.shared.gwc_tokens.set(key, text, Math.max(1, Math.min(3600000, Math.floor(1000 * known[1] - now))));
  }

  return { keep };
}
