// The style deepObject (docs/validation.md): `p[a][b]=x` as objects and arrays inside one another.
//
// A name can be as long as a request: nothing here calls itself. Faults are thrown as texts.
import put from 'put.js';
import textValue from 'text_value.js';

export default function deepObject() {
  const values = textValue();

  // The texts of the parameter: [keys, text] each; null when a name or a text can't be read. members: [name, raw text] each, the names decoded.
  function read(name, members, decode) {
    const texts = [];
    for (let i = 0; i < members.length; i++) {
      const keys = keysOf(members[i][0].slice(name.length)), text = decode(members[i][1]);
      if (keys === null || text === null) return null;
      texts.push([keys, text]);
    }
    return { kind: 'deep', texts: texts, names: null };
  }

  function keysOf(brackets) {
    if (brackets.charAt(0) !== '[' || brackets.charAt(brackets.length - 1) !== ']') return null;
    const keys = brackets.slice(1, -1).split('][');
    return keys.every(function (key) { return key.indexOf('[') < 0 && key.indexOf(']') < 0; }) ? keys : null;
  }

  // The value of the texts at a place of this shape.
  function value(texts, shape, limits) {
    const places = tree(texts, shape);
    for (let i = 0; i < texts.length; i++) if (texts[i][0].length > limits.jsonDepth) throw 'jsonDepth';
    if (texts.length > limits.jsonKeys) throw 'jsonKeys';
    for (let i = 0; i < places.length; i++) if (places[i].items !== null && places[i].items.length > limits.arrayItems) throw 'arrayItems';
    for (let i = places.length - 1; i >= 0; i--) places[i].value = places[i].text === null ? assemble(places[i]) : wrapped(places[i]);
    return places[0].value;
  }

  // The places, each behind the one that it is in.
  function tree(texts, shape) {
    const places = [place()];
    places[0].shape = shape;
    for (let i = 0; i < texts.length; i++) insert(places, texts[i][0], texts[i][1]);
    for (let i = 0; i < places.length; i++) {
      if (places[i].text === null) decide(places[i]);
      else follow(places[i]);
    }
    return places;
  }

  // A place with one text has the places below it in a row: `rest`, from `from` on.
  function place() { return { keys: [], all: [], items: null, text: null, rest: [], from: 0, lists: null, shape: '', value: null }; }

  // An empty key is a new place each time.
  function insert(places, keys, text) {
    const empty = keys.indexOf('');
    if (empty >= 0 && empty + 1 < keys.length) throw 'style';
    let at = places[0];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (at.from < at.rest.length) unroll(places, at);
      if (at.text !== null) throw 'style';
      const known = key === '' ? -1 : at.keys.indexOf(key), next = known < 0 ? place() : at.all[known];
      if (known < 0) {
        add(places, at, key, next);
        next.text = text;
        next.rest = keys;
        next.from = i + 1;
        return;
      }
      at = next;
    }
    throw 'style';
  }

  function add(places, at, key, made) {
    places.push(made);
    at.keys.push(key);
    at.all.push(made);
  }

  // Makes a place of the first key in the row.
  function unroll(places, at) {
    const made = place();
    made.text = at.text;
    made.rest = at.rest;
    made.from = at.from + 1;
    at.text = null;
    add(places, at, at.rest[at.from], made);
    at.from = at.rest.length;
  }

  // What a place is, and the shapes of those in it.
  function decide(at) {
    let empty = 0, isList = values.hasType(at.shape, 'array');
    for (let i = 0; i < at.keys.length; i++) {
      if (at.keys[i] === '') empty++;
      else if (isList && !isIndex(at.keys[i])) isList = false;
    }
    if (empty > 0 && (!isList || empty < at.keys.length)) throw 'style';
    if (isList) at.items = empty > 0 ? at.all : byIndex(at);
    for (let i = 0; i < at.all.length; i++) {
      if (isList) at.items[i].shape = values.item(at.shape, i);
      else at.all[i].shape = values.member(at.shape, at.keys[i]);
    }
  }

  function isIndex(key) { return key[0] >= '0' && key[0] <= '9' && /^(?:0|[1-9][0-9]{0,5})(?![\s\S])/.test(key); }

  function byIndex(at) {
    const items = [];
    for (let i = 0; i < at.keys.length; i++) {
      const known = at.keys.indexOf(String(i));
      if (known < 0) throw 'style';
      items.push(at.all[known]);
    }
    return items;
  }

  // The same for a row, each place of which has one key. The shape is that of its end afterwards.
  function follow(at) {
    at.lists = [];
    for (let i = at.from; i < at.rest.length; i++) {
      const key = at.rest[i], isList = values.hasType(at.shape, 'array') && (key === '' || isIndex(key));
      if (isList ? key !== '' && key !== '0' : key === '') throw 'style';
      at.lists.push(isList);
      at.shape = isList ? values.item(at.shape, 0) : values.member(at.shape, key);
    }
  }

  function wrapped(at) {
    let value = values.read(at.text, at.shape);
    for (let i = at.lists.length - 1; i >= 0; i--) {
      if (at.lists[i]) { value = [value]; continue; }
      const object = {};
      put(object, at.rest[at.from + i], value);
      value = object;
    }
    return value;
  }

  function assemble(at) {
    if (at.items !== null) return at.items.map(function (item) { return item.value; });
    const object = {};
    for (let i = 0; i < at.keys.length; i++) put(object, at.keys[i], at.all[i].value);
    return object;
  }

  return { read, value };
}
