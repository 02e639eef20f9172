// What counts as one client: an IPv4 address, also mapped into IPv6, or the first bits of an IPv6 address (gwc/controls/rate_limit_key.py).

// A text of ASCII; no address of one kind has the text of one of the other.
export default function clientAddress(r, ipv6Prefix) {
  const bytes = Buffer.from(r.rawVariables.binary_remote_addr), text = bytes.toString('hex');
  if (bytes.length !== 16) return text;
  if (text.slice(0, 24) === '00000000000000000000ffff') return text.slice(24);
  for (let i = 0; i < 16; i++) bytes[i] &= (0xff00 >> Math.max(0, Math.min(8, ipv6Prefix - 8 * i))) & 0xff;
  return '6' + bytes.toString('hex');
}
