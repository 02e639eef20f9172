// Without the blanks of RFC 9110 5.5 around (NGINX itself leaves tabs). No expression: one would try each blank inside again and again.

export default function trimmed(text) {
  let from = 0, to = text.length;
  while (from < to && (text.charAt(from) === ' ' || text.charAt(from) === '\t')) from++;
  while (to > from && (text.charAt(to - 1) === ' ' || text.charAt(to - 1) === '\t')) to--;
  return text.slice(from, to);
}
