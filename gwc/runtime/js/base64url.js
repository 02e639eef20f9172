// Base64url without padding (RFC 7515), in its one canonical spelling.

export default function base64url() {
  // The bytes, or null.
  function decode(text) {
    const bytes = Buffer.from(text, 'base64url');
    return bytes.toString('base64url') === text ? bytes : null;
  }

  return { decode };
}
