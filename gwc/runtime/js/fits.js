// The quick way to say that a body is right: JSON.parse, and one run of the schema's function, which also counts members. What might be
// wrong, or is only unusual, is said by strict_json.js and schema.js.
import judgeTools from 'judge_tools.js';
import oddNumber from 'odd_number.js';

// Whether a text is strict JSON within limits that fulfils a schema; false: that can't be told here. `text`: bytes as NGINX reads them, so
// that what is no UTF-8 has become U+FFFD. `schemas`: the printed functions; `more`: gives the helpers of schema.js.
export default function fits(schemas, more, number, text, limits) {
  if ((text[0] !== '{' && text[0] !== '[') || text.indexOf('\\') >= 0 || text.indexOf('\ufffd') >= 0 || oddNumber(text)) return false;
  if (/[ \t\r\n]:/.test(text)) return false; // for what follows: a name is what has `":` behind it, or a string that begins with a colon
  const pieces = text.split('":'), names = pieces.length - 1;
  if (names > limits.jsonKeys) return false;
  if (text.length * 4 > limits.stringBytes) for (let i = 0; i <= names; i++) if (pieces[i].length * 4 > limits.stringBytes) return false;
  let value;
  try {
    value = JSON.parse(text);
  } catch (e) {
    return false;
  }
  const x = judgeTools(schemas, more);
  x.counts = true;
  x.levels = limits.jsonDepth;
  x.items = limits.arrayItems;
  return x.call(number)(value) === true && x.members === names;
}
