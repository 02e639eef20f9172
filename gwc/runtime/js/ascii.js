// Bytes as a text whose parts `percent` can read: what is not ASCII stands there as it is in UTF-8, else escaped, byte by byte.

export default function ascii(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (e) {
    const parts = [];
    for (let i = 0; i < bytes.length; i++) parts.push(bytes[i] < 0x80 ? String.fromCharCode(bytes[i]) : '%' + bytes[i].toString(16));
    return parts.join('');
  }
}
