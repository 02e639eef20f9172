// Bytes as a text whose parts `percent` can read: what is not ASCII stands there as it is in UTF-8, else escaped, byte by byte.
import utf8 from 'utf8.js';

export default function ascii(bytes) {
  const text = utf8(bytes), parts = [];
  if (text !== null) return text;
  for (let from = 0, at = 0; from < bytes.length; from = at) {
    for (at = from; at < bytes.length && bytes[at] < 0x80;) at++;
    parts.push(bytes.subarray(from, at).toString());
    for (; at < bytes.length && bytes[at] >= 0x80; at++) parts.push('%' + bytes[at].toString(16));
  }
  return parts.join('');
}
