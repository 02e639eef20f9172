// Judges values by the functions that are printed from check trees (gwc/jsonschema/js.py).
import automaton from 'automaton.js';
import decimal from 'decimal.js';
import judgeTools from 'judge_tools.js';
import policy from 'policy.js';

export default function schema() {
  const MAX_FAILURES = 5, x = judgeTools(policy.schema, function () { return helpers; });
  const helpers = { compare, find, has, isInteger, isMultiple, named, same, size, unique };
  let numbers = null, automata = null;
  x.fail = fail;
  x.tell = tell;

  // The first failures, [pointer, keyword] each; none: the value is valid. `pointer`: what theirs begin with.
  function failures(number, value, pointer) {
    if (x.call(number)(value) === true) return [];
    const found = [];
    tell(number)(value, found, pointer);
    if (found.length === 0) throw new Error('a schema that does not know why');
    return found;
  }

  // The function of a schema that adds failures: (value, failures, pointer) is false when there are enough.
  function tell(number) {
    const made = policy.schema(number, x, true);
    if (typeof made !== 'function') throw new Error('no schema ' + number);
    return made;
  }

  // Whether to stop.
  function fail(found, pointer, keyword) {
    found.push([pointer, keyword]);
    return found.length === MAX_FAILURES;
  }

  function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }

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

  // The salt: nobody can choose items whose texts have one hash.
  function unique(items) {
    const seen = {}, salt = Math.random() + '.';
    for (let i = 0; i < items.length; i++) {
      const text = salt + key(items[i]);
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

  return { failures, helpers };
}
