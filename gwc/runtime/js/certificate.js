// The names in a certificate's subjectAltName (RFC 5280 4.2.1.6): URIs and DNS names, out of PEM. The certificate was verified before by
// the TLS library; what this reader does not understand has no names.
import lowered from 'lowered.js';

export default function certificate() {
  const SEQUENCE = 0x30, OBJECT_ID = 0x06, OCTETS = 0x04, VERSION = 0xa0, EXTENSIONS = 0xa3, URI = 0x86, DNS_NAME = 0x82;
  const SUBJECT_ALT_NAME = '551d11'; // 2.5.29.17

  // [kind, text] of each name, in their order; null when the certificate has none, or can't be read.
  function names(pem) {
    const der = derOf(pem), found = der === null ? null : generalNames(der);
    return found === null ? null : found.filter(function (value) { return value.tag === URI || value.tag === DNS_NAME; }).map(function (value) {
      return value.tag === URI ? ['uri', value.content.toString()] : ['dns', lowered(value.content.toString())];
    });
  }

  function derOf(pem) {
    const m = /^-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+\/=\s]*)-----END CERTIFICATE-----\s*(?![\s\S])/.exec(pem);
    if (m === null) return null;
    const text = m[1].replace(/\s/g, ''), der = Buffer.from(text, 'base64');
    return der.toString('base64') === text ? der : null;
  }

  // The general names of the only subjectAltName. tbsCertificate is the first part of the certificate, its extensions are in [3].
  function generalNames(der) {
    const whole = only(values(der), SEQUENCE), parts = whole === null ? null : values(whole);
    const tbs = parts !== null && parts.length > 0 && parts[0].tag === SEQUENCE ? values(parts[0].content) : null;
    if (tbs === null || tbs.length === 0 || tbs[0].tag !== VERSION) return null;
    const list = content(tbs, EXTENSIONS), extensions = list === null ? null : content(values(list), SEQUENCE);
    const all = extensions === null ? null : values(extensions), found = all === null ? [] : all.map(altName).filter(isThere);
    const octets = found.length === 1 ? content(found[0], OCTETS) : null, names = octets === null ? null : only(values(octets), SEQUENCE);
    return names === null ? null : values(names);
  }

  function isThere(value) { return value !== null; }

  // The parts of a subjectAltName extension; null for any other one.
  function altName(extension) {
    const parts = extension.tag === SEQUENCE ? values(extension.content) : null;
    const is = parts !== null && parts.length > 0 && parts[0].tag === OBJECT_ID && parts[0].content.toString('hex') === SUBJECT_ALT_NAME;
    return is ? parts : null;
  }

  // The content of the only value with the tag; null when there is none, or more than one.
  function content(row, tag) {
    const found = row === null ? [] : row.filter(function (value) { return value.tag === tag; });
    return found.length === 1 ? found[0].content : null;
  }

  // The same where nothing else may stand.
  function only(row, tag) { return row !== null && row.length === 1 ? content(row, tag) : null; }

  // {tag, content} of the DER values in a row; null when they do not fill it exactly. Lengths up to 64 KiB.
  function values(der) {
    const found = [];
    for (let at = 0; at < der.length;) {
      const value = valueAt(der, at);
      if (value === null) return null;
      found.push(value);
      at = value.end;
    }
    return found;
  }

  function valueAt(der, at) {
    if (at + 2 > der.length) return null;
    const form = der[at + 1], extra = form < 0x80 ? 0 : form - 0x80;
    if (form === 0x80 || extra > 2 || at + 2 + extra > der.length) return null;
    const start = at + 2 + extra, length = extra === 0 ? form : extra === 1 ? der[at + 2] : der[at + 2] * 256 + der[at + 3], end = start + length;
    return end > der.length ? null : { tag: der[at], content: der.slice(start, end), end: end };
  }

  return { names };
}
