// Phase 8: size, media type and coding of the body. NGINX itself refuses what is declared, or read, beyond `client_max_body_size`.
import lowered from 'lowered.js';
import valuesOf from 'values_of.js';

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
    const isPlain = valuesOf(fields, 'content-encoding').every(function (coding) { return coding === '' || lowered(coding) === 'identity'; });
    return isPlain ? null : 'body.encoding';
  }

  // Whether a Content-Type names one of the media types; parameters and case do not count. An asterisk stands for a range; a comma outside of
  // quoted text may be between two fields that somebody joined.
  function takes(mediaTypes, contentType) {
    const found = /^([A-Za-z0-9!#$%&'+.^_`|~-]+)\/([A-Za-z0-9!#$%&'+.^_`|~-]+)[ \t]*(?:;|(?![\s\S]))/.exec(contentType);
    if (found === null || mayBeJoined(contentType)) return false;
    const kind = lowered(found[1]);
    return [kind + '/' + lowered(found[2]), kind + '/*', '*/*'].some(function (m) { return mediaTypes.indexOf(m) >= 0; });
  }

  function mayBeJoined(text) {
    return text.indexOf(',') >= 0 && text.replace(/\\[\s\S]/g, '').replace(/"[^"]*"/g, '').indexOf(',') >= 0;
  }

  return { check, checkAbsent };
}
