// Keys of tokens that are no part of the policy (KeySource of gwc/controls/jwt.py): in a file of this machine, or at an identity provider.
//
// What was fetched is in a dictionary that all workers share (key_provider.js). There `tried` means that no other attempt may be made yet,
// `busy` that one is under way.
import claims from 'claims.js';
import jwk from 'jwk.js';
import keyProvider from 'key_provider.js';
import policy from 'policy.js';

export default function keySource() {
  const REFRESH_MS = 5000, FETCH_TIMEOUT_MS = 3000, MAX_SET_BYTES = 262144;
  const LOST_MS = 2 * FETCH_TIMEOUT_MS; // a worker that ends in between says nothing: it is not waited for any longer

  // [algorithm, key] of the key with this name, or [reason].
  async function find(r, issuer, kid) {
    const keys = issuer.keys[0] === 'secret' ? readSecrets(issuer) : await current(r, issuer, kid);
    if (keys === null) return ['internal.unavailable'];
    return has(keys, '$' + kid) ? keys['$' + kid] : ['authn.unknownKey'];
  }

  // Read each time: workers share no memory that would be no secret at rest.
  function readSecrets(issuer) {
    try {
      const path = issuer.keys[1], fs = policy.files(), about = fs.statSync(path);
      if (!about.isFile() || about.size > MAX_SET_BYTES) return null;
      const keys = jwk().readSecrets(fs.readFileSync(path), issuer.algorithms);
      return keys === null ? null : jwk().byKid(keys);
    } catch (e) {
      return null;
    }
  }

  // The set that is to be used now, null when there is none. Whoever finds it missing, old or without the key asks for another one,
  // and waits for that; others wait only when they could not go on with what there is.
  async function current(r, issuer, kid) {
    const id = issuer.keys[1], before = stored(id);
    const isUseful = isUsable(before, issuer) && has(before[0], '$' + kid);
    if (isUseful && isFresh(before[1], issuer.keys[2])) return before[0];
    await readAhead(r);
    if (mayAsk(id)) await ask(r, id);
    else if (!isUseful) await ended(id, Date.now() + FETCH_TIMEOUT_MS);
    const after = stored(id);
    return isUsable(after, issuer) ? after[0] : null;
  }

  // njs 0.9.9 never reads a body after a timer (only what was read before). One whose length was not declared will be needed.
  async function readAhead(r) {
    if (r.variables.http_content_length === undefined) await r.readRequestArrayBuffer();
  }

  function stored(id) {
    const text = ngx.shared.gwc_keys.get(named(id, 'set'));
    return text === undefined ? null : JSON.parse(text);
  }

  function isUsable(set, issuer) { return set !== null && Date.now() - set[1] <= issuer.keys[2] + issuer.keys[3]; }

  // A clock that was set back makes a set look as if it came from the future: it is asked for anew.
  function isFresh(at, cacheMs) { return Date.now() - at <= cacheMs && at <= Date.now(); }

  // Busy first: nobody ever sees an attempt that is under way, but neither busy nor over.
  function mayAsk(id) {
    const keys = ngx.shared.gwc_keys;
    if (!keys.add(named(id, 'busy'), '', LOST_MS)) return false;
    if (keys.add(named(id, 'tried'), '', REFRESH_MS)) return true;
    keys.delete(named(id, 'busy'));
    return false;
  }

  // In the background: a request waits for each of its own subrequests, however long they take.
  function ask(r, id) {
    const until = Date.now() + FETCH_TIMEOUT_MS;
    r.variables.gwc_inside = 'in';
    r.variables.gwc_fetch_until = String(until);
    r.variables.gwc_fetch_bytes = '0';
    r.variables.gwc_fetch_length = '';
    r.subrequest('/|gwc/keys/' + id, { detached: true });
    return ended(id, until);
  }

  async function ended(id, until) {
    for (let pause = 2; ngx.shared.gwc_keys.has(named(id, 'busy')) && Date.now() < until; pause = Math.min(2 * pause, 50)) await later(pause);
  }

  function later(ms) { return new Promise(function (done) { setTimeout(done, ms); }); }

  function named(id, what) { return keyProvider().named(id, what); }
  function has(object, name) { return claims().has(object, name); }

  return { find };
}
