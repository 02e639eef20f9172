// Under which key a verified token is remembered: a digest of this runtime and the policy (the dictionary outlives a reload), of the key
// set's generation and of the whole field.
import hashes from 'crypto';

// null: nothing is remembered, or keys must be asked for first. mark: of the policy, or null. source: of keys that are fetched, [id,
// milliseconds for which a set is used, and for how much longer when there is no other], or null. authorization: bytes.
export default function tokenKey(mark, source, authorization, now) {
  if (mark === null) return null;
  const hash = hashes.createHash('sha256');
  if (source === null) return hash.update(edition() + mark).update(authorization).digest('base64');
  const keys = ngx.shared.gwc_keys, name = edition() + source[0], at = keys.get(name + 'at'), age = now - Number(at);
  if (at === undefined || age > source[1] + source[2]) return null;
  const isFresh = age >= 0 && age <= source[1] || keys.has(name + 'tried');
  return isFresh ? hash.update(edition() + mark + at + ':').update(authorization).digest('base64') : null;
}
