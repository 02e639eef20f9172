// The text that bytes are in UTF-8 (a mark at its beginning is kept); null: they are not.

export default function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (e) {
    return null;
  }
}
