// NGINX takes away the spaces around a field, but not the tabs (RFC 9110 5.5: both).

// The bytes without the blanks around them.
export default function blanks(bytes) {
  let start = 0, end = bytes.length;
  while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09)) start++;
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09)) end--;
  return bytes.slice(start, end);
}
