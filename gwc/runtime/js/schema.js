// Judges values by the functions that are printed from check trees (gwc/jsonschema/js.py).
import policy from 'policy.js';
import automaton from 'automaton.js';
import decimal from 'decimal.js';

export default function schema() {
  const MAX_FAILURES = 5, made = {}, x = {
    call, compare, count, fail, find, has, isInteger, isMarked, isMultiple, mark, markAll, markEach, marks, named, same, size, unique,
    isExact: '\u{1F600}'.length === 1,
  };
  let numbers = null, automata = null;

  // The first failures, [pointer, keyword] each; none: the value is valid. `pointer`: what theirs begin with.
  function failures(number, value, pointer) {
    const judge = call(number);
    if (judge(value, null, null) === true) return [];
    const found = [];
    judge(value, found, pointer);
    if (found.length === 0) throw new Error('a schema that does not know why');
    return found;
  }

  // The function of a schema: (value, null, null) says whether it holds, (value, failures, pointer) collects and is false when that is enough.
  function call(number) {
    let judge = made[number];
    if (judge === undefined) {
      judge = policy.schema(number, x);
      if (typeof judge !== 'function') throw new Error('no schema ' + number);
      made[number] = judge;
    }
    return judge;
  }

  // Whether to stop.
  function fail(found, pointer, keyword) {
    if (found === null) return true;
    found.push([pointer, keyword]);
    return found.length === MAX_FAILURES;
  }

  function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }

  function count(object) { return Object.keys(object).length; }

  // Code points. njs counts them, QuickJS counts units of UTF-16.
  function size(text) { return x.isExact ? text.length : Array.from(text).length; }

  // Whether a value is the one with this key.
  function same(value, wanted) { return key(value) === wanted; }

  // A text that only equal values have.
  function key(value) {
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'symbol') return value.description;
    if (value instanceof Array) return '[' + value.map(key).join() + ']';
    if (typeof value !== 'object' || value === null) return String(value === 0 ? 0 : value);
    return '{' + Object.keys(value).sort().map(function (name) { return JSON.stringify(name) + ':' + key(value[name]); }).join() + '}';
  }

  function unique(items) {
    const seen = {};
    for (let i = 0; i < items.length; i++) {
      const text = '.' + key(items[i]);
      if (seen[text] !== undefined) return false;
      seen[text] = 1;
    }
    return true;
  }

  // The text of a member of an object; undefined: there is none.
  function named(value, name) {
    const isObject = typeof value === 'object' && value !== null && !(value instanceof Array);
    return isObject && has(value, name) && typeof value[name] === 'string' ? value[name] : undefined;
  }

  // Which members or items were evaluated.
  function marks() { return {}; }

  function mark(all, name) { all['.' + name] = true; }

  function markAll(all) { all['*'] = true; }

  function markEach(all, indexes) { for (let i = 0; i < indexes.length; i++) mark(all, indexes[i]); }

  function isMarked(all, name) { return all['*'] === true || all['.' + name] === true; }

  function find(text, table, states, width, start) {
    if (automata === null) automata = automaton();
    return automata.find(text, table, states, width, start);
  }

  function exact() {
    if (numbers === null) numbers = decimal();
    return numbers;
  }

  function compare(symbol, limit) { return exact().compare(symbol, limit); }

  function isMultiple(value, digits, exponent) { return exact().isMultiple(value, digits, exponent); }

  function isInteger(symbol) { return exact().isInteger(symbol); }

  return { failures };
}
