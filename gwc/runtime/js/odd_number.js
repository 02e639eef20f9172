// Whether there is a number in a JSON text, with something before and behind it, that JSON.parse of njs takes although RFC 8259 does not, or
// that no number of JavaScript stands for: +1, 01, 1., .5, Infinity, more than 15 digits, large exponents. False alarms are possible.
export default function oddNumber(text) {
  return /[:,[][ \t\r\n]*(?=[-+.0-9])(?!-?(?:0|[1-9][0-9]{0,14})(?![-+.0-9A-Za-z])|-?(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,8})?(?:[Ee](?:\+?0?1?[0-9]|-0?[0-9]))?(?![-+.0-9A-Za-z]))[-+.0-9A-Za-z]+[ \t\r\n,}\]]/.test(text);
}
