// Asks an identity provider for its key set: a background request for the one whose request needs the keys.
//
// A set is in a dictionary that all workers share, as keys that njs imports, under a digest of where it is from and what is taken out of
// it: `set` is [keys, moment], `at` the moment alone. What NGINX makes of answers that are too large, too slow or not whole is in
// gwc/backends/nginx/key_provider.py.
import jwk from 'jwk.js';
import policy from 'policy.js';
import signature from 'signature.js';

export default function keyProvider() {
  const MAX_SET_BYTES = 262144;
  // An answer that still comes in after this time ends with the connection of the request that asked: otherwise the next request there would
  // wait for the provider, too.
  const GIVEN_UP_MS = 2000;

  // The background request: asks the provider, and stores what it answers in time.
  async function fetch(r) {
    const id = idOf(r);
    try {
      const reply = await r.subrequest('/|gwc/provider/' + id);
      if (Date.now() <= Number(r.variables.gwc_fetch_until) && isWhole(r, reply)) await store(id, reply.responseBuffer);
    } finally {
      ngx.shared.gwc_keys.delete(named(id, 'busy'));
    }
  }

  // NGINX passes an answer on that ended too early. Without a length from the filter below it is not looked at.
  function isWhole(r, reply) {
    const got = Number(r.variables.gwc_fetch_bytes), length = r.variables.gwc_fetch_length;
    return reply.status === 200 && got <= MAX_SET_BYTES && (length === 'none' || length === String(got));
  }

  async function store(id, bytes) {
    const provider = policy.provider(id), found = await usable(bytes, provider.algorithms);
    if (found === null) return;
    const now = Date.now(), lifeMs = provider.cacheMs + provider.staleMs + 1000;
    ngx.shared.gwc_keys.set(named(id, 'set'), JSON.stringify([found, now]), lifeMs);
    ngx.shared.gwc_keys.set(named(id, 'at'), String(now), lifeMs);
  }

  // The keys by kid, null when the bytes are no set for these algorithms.
  async function usable(bytes, algorithms) {
    const keys = jwk().readSet(bytes, algorithms);
    return keys === null ? null : jwk().byKid(await imported(keys));
  }

  // Without those that are no keys to the library: points that are not on their curve.
  async function imported(keys) {
    const good = [];
    for (let i = 0; i < keys.length; i++) {
      try {
        await signature().imports(keys[i][1], keys[i][2]);
        good.push(keys[i]);
      } catch (e) {
        // not used, like a key of another kind
      }
    }
    return good;
  }

  // The head of a provider's answer. A length that NGINX knows to be too large would end the client's connection.
  function head(r) {
    const length = r.headersOut['Content-Length'];
    r.variables.gwc_fetch_length = length === undefined ? 'none' : length;
    delete r.headersOut['Content-Length'];
  }

  // A piece of its body, of which too much is not kept. Whether it comes so late that the connection should end.
  function body(r, data, flags) {
    const got = Number(r.variables.gwc_fetch_bytes) + data.length, isTooMuch = got > MAX_SET_BYTES;
    r.variables.gwc_fetch_bytes = String(got);
    if (isTooMuch) ngx.shared.gwc_keys.delete(named(idOf(r), 'busy'));
    if (flags.last || !isTooMuch) r.sendBuffer(isTooMuch ? '' : data, flags);
    return Date.now() > Number(r.variables.gwc_fetch_until) + GIVEN_UP_MS;
  }

  function named(id, what) { return edition() + id + what; }
  function idOf(r) { return r.uri.slice(r.uri.lastIndexOf('/') + 1); }

  return { body, fetch, head, named, usable };
}
