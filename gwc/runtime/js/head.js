// Phase 1: the header fields as they came (NGINX drops none of them), for the expressions of the configuration: those of
// NGINX are compiled and much cheaper than those of njs.

// `name:value` and a newline for each field. A name has no colon, a value no newline: NGINX has seen to that.
export default function head(r) {
  const fields = r.rawHeadersIn;
  let all = '';
  for (let i = 0; i < fields.length; i++) all += fields[i][0] + ':' + fields[i][1] + '\n';
  return all;
}
