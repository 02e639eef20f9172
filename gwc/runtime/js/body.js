// Phase 8: size, media type and coding of the body. NGINX itself refuses what is declared, or read, beyond `client_max_body_size`.
import lowered from 'lowered.js';
import trimmed from 'trimmed.js';

export default function body() {
  // The reason to refuse a request without a body, or null.
  function checkAbsent(rule) { return rule.required ? 'body.missing' : null; }

  // The same for a request with a body of this many bytes.
  function check(r, rule, length) {
    if (length === 0) return checkAbsent(rule);
    if (rule.mediaTypes.length === 0) return 'body.unexpected';
    if (!(length <= rule.maxBytes)) return 'body.size';
    return checkHead(r.rawHeadersIn, rule.mediaTypes);
  }

  function checkHead(fields, mediaTypes) {
    const types = valuesOf(fields, 'content-type');
    if (types.length !== 1 || !takes(mediaTypes, types[0])) return 'body.contentType';
    const isPlain = valuesOf(fields, 'content-encoding').every(function (coding) { return lowered(coding) === 'identity'; });
    return isPlain ? null : 'body.encoding';
  }

  function valuesOf(fields, name) {
    return fields.filter(function (f) { return lowered(f[0]) === name; }).map(function (f) { return trimmed(f[1]); });
  }

  // Whether a Content-Type names one of the media types; parameters and case do not count.
  function takes(mediaTypes, contentType) {
    const essence = lowered(trimmed(contentType.split(';')[0])), parts = essence.split('/');
    if (parts.length !== 2 || parts[0] === '' || parts[1] === '' || essence.indexOf('*') >= 0) return false;
    return [essence, parts[0] + '/*', '*/*'].some(function (m) { return mediaTypes.indexOf(m) >= 0; });
  }

  return { check, checkAbsent };
}
