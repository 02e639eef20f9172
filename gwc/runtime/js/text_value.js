// What texts of parameters and forms may become: shapes (gwc/controls/json_schema.py), and one text as a value (docs/validation.md).
import decimal from 'decimal.js';
import policy from 'policy.js';

export default function textValue() {
  const shapes = {};
  let exact = null;

  function shapeOf(number) {
    if (shapes[number] === undefined) shapes[number] = policy.shape(number);
    return shapes[number];
  }

  // The value of a decoded text where `shape` (its number, as a text) is; the fault `number` is thrown as a text.
  function read(text, shape) {
    const known = shapeOf(shape).types, number = numberOf(text, known);
    if (number === undefined) throw 'number';
    if (number !== null) return number;
    if (isBoolean(text, known)) return text === 'true';
    return text === 'null' && known.indexOf('null') >= 0 ? null : text;
  }

  // Whether the text is a value of one of the types.
  function fits(text, shape) {
    const known = shapeOf(shape).types;
    if (known.indexOf('string') >= 0 || isBoolean(text, known) || (text === 'null' && known.indexOf('null') >= 0)) return true;
    return typeof numberOf(text, known) === 'number' || typeof numberOf(text, known) === 'symbol';
  }

  function isBoolean(text, known) { return (text === 'true' || text === 'false') && known.indexOf('boolean') >= 0; }

  // Null for what is no number here, undefined for one that is out of range.
  function numberOf(text, known) {
    const isAny = known.indexOf('number') >= 0;
    if (!isAny && known.indexOf('integer') < 0) return null;
    if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\s\S])/.test(text)) return null;
    const number = text.length < 10 && text.indexOf('e') < 0 && text.indexOf('E') < 0 ? Number(text) : numbers().read(text);
    if (number === null) return undefined;
    return isAny || isWhole(number) ? number : null;
  }

  function numbers() {
    if (exact === null) exact = decimal();
    return exact;
  }

  function isWhole(number) { return typeof number === 'symbol' ? numbers().isInteger(number) : number % 1 === 0; }

  function hasType(shape, type) { return shapeOf(shape).types.indexOf(type) >= 0; }

  // The shape of an item, counted from 0, and of a member.
  function item(shape, index) {
    const known = shapeOf(shape);
    return index < known.prefix.length ? known.prefix[index] : known.items;
  }

  function member(shape, name) {
    const known = shapeOf(shape), at = known.names.indexOf(name);
    return at < 0 ? known.additional : known.numbers[at];
  }

  function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }

  return { fits, has, hasType, item, member, read };
}
