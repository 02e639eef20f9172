// Signatures of tokens (RFC 7518 3): the algorithm is the key's, whatever a token says.
import hashes from 'crypto';

export default function signature() {
  // Whether the bytes are the key's signature of the text. key: SubjectPublicKeyInfo, or the secret, in base64. One that cannot
  // even be read (DER, zeros, another length) makes `verify` throw: it is as bad as a wrong one.
  async function isGood(algorithm, key, bytes, text) {
    if (algorithm.slice(0, 2) === 'HS') return isSame(bytes, hmac(algorithm, key, text));
    const imported = await imports(algorithm, key), size = sizeOf(algorithm);
    if (size !== null && bytes.length !== size) return false;
    try {
      return await crypto.subtle.verify(how(algorithm), imported, bytes, Buffer.from(text)) === true;
    } catch (e) {
      return false;
    }
  }

  // Rejects for a key that is none, for example a point that is not on its curve.
  function imports(algorithm, key) {
    return crypto.subtle.importKey('spki', Buffer.from(key, 'base64'), kindOf(algorithm), false, ['verify']);
  }

  function kindOf(algorithm) {
    const family = algorithm.slice(0, 2);
    if (family === 'ES') return { name: 'ECDSA', namedCurve: { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm] };
    return { name: family === 'PS' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5', hash: hashOf(algorithm) };
  }

  function how(algorithm) {
    const family = algorithm.slice(0, 2);
    if (family === 'ES') return { name: 'ECDSA', hash: hashOf(algorithm) };
    return family === 'PS' ? { name: 'RSA-PSS', saltLength: Number(algorithm.slice(2)) / 8 } : { name: 'RSASSA-PKCS1-v1_5' };
  }

  // The bytes of a signature of elliptic curves; null: those of the modulus, which `verify` knows.
  function sizeOf(algorithm) {
    const size = { ES256: 64, ES384: 96, ES512: 132 }[algorithm];
    return size === undefined ? null : size;
  }

  function hashOf(algorithm) { return 'SHA-' + algorithm.slice(2); }

  function hmac(algorithm, key, text) {
    return hashes.createHmac('sha' + algorithm.slice(2), Buffer.from(key, 'base64')).update(Buffer.from(text)).digest();
  }

  // Takes as long for a wrong first byte as for a wrong last one.
  function isSame(a, b) {
    let different = a.length ^ b.length;
    for (let i = 0; i < b.length; i++) different |= a[i] ^ b[i];
    return different === 0;
  }

  return { imports, isGood };
}
