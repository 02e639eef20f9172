// Phase 5: client certificates (gwc/controls/mutual_tls.py): whom the names of a trusted one stand for.
import certificate from 'certificate.js';
import hashes from 'crypto';
import policy from 'policy.js';

export default function mutualTls() {
  // Whether the client has shown a certificate that the listener trusts: requests with any other get no further than to a page.
  function isPresented(r) { return r.variables.ssl_client_verify === 'SUCCESS'; }

  // [reason] or [null, number of the one consumer that all known names lead to].
  function check(r, scheme) {
    const names = certificate().names(r.variables.ssl_client_raw_cert);
    const found = names === null ? [] : names.map(function (name) { return owner(r, scheme, name); }).filter(isKnown);
    return found.length > 0 && found.every(function (number) { return number === found[0]; }) ? [null, found[0]] : ['authn.certificate'];
  }

  function isKnown(number) { return number !== ''; }

  // Names are in the map by their digest: text keys of a map ignore case, URIs do not.
  function owner(r, scheme, name) {
    r.variables.gwc_digest = hashes.createHash('sha256').update(name[0] + ':' + name[1]).digest('hex');
    return r.variables[policy.mutualTls(scheme)];
  }

  return { check, isPresented };
}
