// Phase 1: the header fields as they came (NGINX drops none of them), for the expressions of the configuration: those of
// NGINX are compiled and much cheaper than those of njs.

// `name:value` and a newline for each field. A name has no colon, a value no newline: NGINX has seen to that.
export default function head(r) {
  const fields = r.rawHeadersIn, parts = []; // joined at once: long values would be copied for each plus
  for (let i = 0; i < fields.length; i++) parts.push(fields[i][0], ':', fields[i][1], '\n');
  return parts.join('');
}
