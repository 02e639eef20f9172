// Whether a JSON text has escapes, blanks before a colon, or numbers of more than 15 digits, with exponent, or in a form that only njs takes
// (+1, 01, 1., .5, Infinity); false alarms are possible. A text that is no object and no array always is.
export default function isUnusual(text) {
  return (text[0] !== '{' && text[0] !== '[') || text.indexOf('\\') >= 0 ||
    /[:,[](?:(?<=[ \t\r\n]:)|[ \t\r\n]*(?=[-+.0-9])(?!-?(?:(?:0|[1-9][0-9]{0,6})\.[0-9]{1,8}|0|[1-9][0-9]{0,14})(?![-+.0-9A-Za-z]))[-+.0-9A-Za-z]+[ \t\r\n,}\]])/.test(text);
}
