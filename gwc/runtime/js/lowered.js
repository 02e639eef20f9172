// Small letters for the capitals of ASCII. `toLowerCase` makes some others ASCII (U+0130 an i, U+212A a k), which no other reader does.

export default function lowered(text) {
  return text.replace(/[A-Z]/g, function (letter) { return letter.toLowerCase(); });
}
