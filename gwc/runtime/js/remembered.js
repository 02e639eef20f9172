// Tokens that were verified, in a dictionary that all workers share: no part of a token is in it but its subject and scopes.
import tokenKey from 'token_key.js';

// [from, until, subject, scopes] as far as it holds now; undefined otherwise. The arguments are those of `tokenKey`.
export default function remembered(mark, source, authorization, now) {
  const key = tokenKey(mark, source, authorization, now), text = key === null ? undefined : ngx.shared.gwc_tokens.get(key);
  if (text === undefined) return undefined;
  const known = JSON.parse(text);
  return now >= 1000 * known[0] && now < 1000 * known[1] ? known : undefined;
}
