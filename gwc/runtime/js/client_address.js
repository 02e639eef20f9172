// What counts as one client: an IPv4 address, also mapped into IPv6, or the first bits of an IPv6 address (gwc/controls/rate_limit_key.py).

// A text of ASCII, as short as can be; no address of one kind has the text of one of the other.
export default function clientAddress(r, ipv6Prefix) {
  const bytes = Buffer.from(r.rawVariables.binary_remote_addr), isMapped = bytes.length === 16 && bytes.toString('hex', 0, 12) === '00000000000000000000ffff';
  if (bytes.length !== 16 || isMapped) return bytes.slice(bytes.length - 4).toString('base64url');
  for (let i = 0; i < 16; i++) bytes[i] &= (0xff00 >> Math.max(0, Math.min(8, ipv6Prefix - 8 * i))) & 0xff;
  return '6' + bytes.slice(0, Math.ceil(ipv6Prefix / 8)).toString('base64url');
}
