// Phase 1: the header fields as they came, NGINX drops none of them. One expression over all of them is several times
// cheaper than one call for each.

// 'ok', or the reason to refuse: names are tokens (RFC 9110 5.6.2) without underscores, values have no controls but tabs.
export default function head(r) {
  const fields = r.rawHeadersIn;
  let all = '';
  for (let i = 0; i < fields.length; i++) all += fields[i][0] + ':' + fields[i][1] + '\n';
  if (/^(?:[A-Za-z0-9!#$%&'*+.^`|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*\n)*(?![\s\S])/.test(all)) return 'ok';
  const withUnderscores = /^(?:[A-Za-z0-9!#$%&'*+.^`|~_-]+:[^\x00-\x08\x0a-\x1f\x7f]*\n)*(?![\s\S])/.test(all);
  return withUnderscores ? 'normalise.headerName' : 'normalise.request';
}
