// The style deepObject (docs/validation.md): `p[a][b]=x` as objects and arrays inside one another.
//
// A name can be as long as a request: nothing here calls itself. Faults are thrown as texts.
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
    for (let i = places.length - 1; i >= 0; i--) places[i].value = places[i].text === null ? assemble(places[i]) : values.read(places[i].text, places[i].shape);
    return places[0].value;
  }

  // The places, each behind the one that it is in.
  function tree(texts, shape) {
    const places = [place()];
    places[0].shape = shape;
    for (let i = 0; i < texts.length; i++) insert(places, texts[i][0], texts[i][1]);
    for (let i = 0; i < places.length; i++) if (places[i].text === null) decide(places[i]);
    return places;
  }

  function place() { return { keys: [], all: [], items: null, text: null, shape: '', value: null }; }

  // An empty key is a new place each time.
  function insert(places, keys, text) {
    let at = places[0];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i], known = key === '' ? -1 : at.keys.indexOf(key);
      if (at.text !== null || (key === '' && i + 1 < keys.length)) throw 'style';
      if (known >= 0) { at = at.all[known]; continue; }
      const made = place();
      places.push(made);
      at.keys.push(key);
      at.all.push(made);
      at = made;
    }
    if (at.text !== null || at.keys.length > 0) throw 'style';
    at.text = text;
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

  function assemble(at) {
    if (at.items !== null) return at.items.map(function (item) { return item.value; });
    const object = {};
    for (let i = 0; i < at.keys.length; i++) values.put(object, at.keys[i], at.all[i].value);
    return object;
  }

  return { read, value };
}
