// SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a key, which every njs imports. DER by hand.

export default function spki() {
  const RSA = '300d06092a864886f70d0101010500'; // RFC 3279 2.3.1
  const CURVES = { // RFC 5480 2.1.1
    'P-256': '301306072a8648ce3d020106082a8648ce3d030107',
    'P-384': '301006072a8648ce3d020106052b81040022',
    'P-521': '301006072a8648ce3d020106052b81040023',
  };

  // Modulus and exponent are positive numbers without needless zero bytes.
  function rsa(modulus, exponent) { return key(RSA, value(0x30, Buffer.concat([integer(modulus), integer(exponent)]))); }

  // Coordinates have the size of the curve.
  function ec(curve, x, y) { return key(CURVES[curve], Buffer.concat([Buffer.from([4]), x, y])); }

  function key(algorithm, bits) {
    return value(0x30, Buffer.concat([Buffer.from(algorithm, 'hex'), value(0x03, Buffer.concat([Buffer.from([0]), bits]))]));
  }

  // A zero byte stands in front where the first bit would be read as a sign.
  function integer(magnitude) {
    return value(0x02, magnitude[0] & 0x80 ? Buffer.concat([Buffer.from([0]), magnitude]) : magnitude);
  }

  function value(tag, content) { return Buffer.concat([Buffer.from([tag].concat(length(content.length))), content]); }

  function length(n) {
    if (n < 0x80) return [n];
    return n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  }

  return { ec, rsa };
}
