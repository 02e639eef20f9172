// Reads [[expression, [text, ...]], ...]; prints {unicode, results}: for each expression null (refused), or a digit for each text.
// 1: found, 0: not found. 2: V8 finds it only between the halves of a surrogate pair, which is no place of the text (ECMA-262 22.2.7.2).
"use strict";

function foundAtAPlace(expression, text) {
  for (let place = 0; place <= text.length; place += place < text.length && text.codePointAt(place) > 0xffff ? 2 : 1) {
    expression.lastIndex = place;
    if (expression.test(text)) return true;
  }
  return false;
}

function judged(source, texts) {
  let search, here;
  try {
    search = new RegExp(source, "u");
    here = new RegExp(source, "uy");
  } catch {
    return null;
  }
  return texts.map((text) => (!search.test(text) ? 0 : /[\u{10000}-\u{10ffff}]/u.test(text) && !foundAtAPlace(here, text) ? 2 : 1)).join("");
}

const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  const cases = JSON.parse(Buffer.concat(chunks).toString());
  const results = cases.map(([source, texts]) => judged(source, texts));
  process.stdout.write(JSON.stringify({ unicode: process.versions.unicode, results }));
});
