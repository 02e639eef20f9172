// Escapes of URIs and forms (RFC 3986 2.1), decoded once.

// The text without its escapes; null for one that is malformed, or when the bytes are not UTF-8. plus: a plus sign is a blank.
export default function percent(text, plus) {
  const spaced = plus && text.indexOf('+') >= 0 ? text.replace(/\+/g, ' ') : text;
  if (spaced.indexOf('%') < 0) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (e) {
    return null;
  }
}
