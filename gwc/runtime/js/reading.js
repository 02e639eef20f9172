// From the texts of a parameter or field to its value (docs/validation.md), for the schema to judge.
//
// sent: {own: raw texts under its own name, members: [decoded name, raw text] each}. Faults are thrown as texts: the keyword.
import deepObject from 'deep_object.js';
import put from 'put.js';
import strictJson from 'strict_json.js';
import style from 'style.js';
import textValue from 'text_value.js';

export default function reading() {
  const values = textValue();

  // Whether its members are parameters themselves (isSpread: in a query or a form), and whether its items are.
  function inMembers(plain, isSpread) { return isSpread && plain.style === 'form' && plain.explode && plain.object; }

  function hasMembers(plain, isSpread) { return plain.style === 'deepObject' || inMembers(plain, isSpread); }

  function inTexts(plain, isSpread) {
    return isSpread && plain.explode && plain.array && ['json', 'binary', 'deepObject'].indexOf(plain.style) < 0;
  }

  // The value, of which something was sent. decode: raw text -> text or null.
  function value(plain, isSpread, name, sent, decode, limits) {
    if (isRepeated(plain, isSpread, sent)) throw 'repeated';
    if (plain.style === 'json') return jsonOf(sent.own[0], decode, limits);
    const found = textsOf(plain, isSpread, name, sent, decode);
    if (found === null) throw 'style';
    if (found.kind !== 'deep') measure(found, limits.stringBytes);
    switch (found.kind) {
    case 'array': return arrayOf(found.texts, plain.shape, limits);
    case 'object': return objectOf(found, plain.shape, limits);
    case 'deep': return deepOf(found.texts, plain.shape, limits);
    }
    return values.read(found.texts[0], plain.shape);
  }

  // Several texts where one is expected.
  function isRepeated(plain, isSpread, sent) {
    if (sent.own.length > 1) return hasMembers(plain, isSpread) || !inTexts(plain, isSpread);
    return inMembers(plain, isSpread) && sent.members.length > 1 && hasTwins(sent.members.map(function (member) { return member[0]; }));
  }

  function hasTwins(names) {
    const seen = {};
    return names.some(function (name) {
      const key = '$' + name, isKnown = seen[key] !== undefined;
      seen[key] = 1;
      return isKnown;
    });
  }

  // The texts; null: they are not of the style.
  function textsOf(plain, isSpread, name, sent, decode) {
    if (!hasMembers(plain, isSpread) || sent.members.length === 0) return ownTexts(plain, isSpread, name, sent.own, decode);
    if (sent.own.length > 0) return null;
    return plain.style === 'deepObject' ? deepObject().read(name, sent.members, decode) : style().readMembers(sent.members, decode);
  }

  function ownTexts(plain, isSpread, name, own, decode) {
    if (inTexts(plain, isSpread)) return style().readExploded(plain, own, decode);
    const asText = { style: plain.style, explode: false, text: true, array: false, object: false, shape: plain.shape };
    return style().read(hasMembers(plain, isSpread) ? asText : plain, name, own[0], decode);
  }

  function isTooLong(text, most) { return 4 * text.length > most && Buffer.byteLength(text) > most; }

  function measure(found, most) {
    if (found.texts.some(function (text) { return isTooLong(text, most); })) throw 'stringBytes';
    if (found.names !== null && found.names.some(function (text) { return isTooLong(text, most); })) throw 'stringBytes';
  }

  function arrayOf(texts, shape, limits) {
    if (texts.length > limits.arrayItems) throw 'arrayItems';
    return texts.map(function (text, i) { return values.read(text, values.item(shape, i)); });
  }

  function objectOf(found, shape, limits) {
    if (hasTwins(found.names)) throw 'style';
    if (found.names.length > limits.jsonKeys) throw 'jsonKeys';
    const object = {};
    found.names.forEach(function (name, i) {
      put(object, name, values.read(found.texts[i], values.member(shape, name)));
    });
    return object;
  }

  function deepOf(texts, shape, limits) {
    const most = limits.stringBytes;
    function isBeyond(entry) { return isTooLong(entry[1], most) || entry[0].some(function (key) { return isTooLong(key, most); }); }
    if (texts.some(isBeyond)) throw 'stringBytes';
    return deepObject().value(texts, shape, limits);
  }

  function jsonOf(raw, decode, limits) {
    const text = decode(raw);
    if (text === null) throw 'style';
    return jsonValue(Buffer.from(text), limits);
  }

  function jsonValue(bytes, limits) {
    const found = strictJson().read(bytes, limits);
    if (found.kind !== null) throw found.name;
    return found.value;
  }

  // The value of fields whose texts are JSON.
  function jsonField(plain, texts, decode, limits) {
    if (texts.length > 1 && !plain.array) throw 'repeated';
    return listOrOne(plain, texts.map(function (raw) { return jsonOf(raw, decode, limits); }));
  }

  // One value stands for itself, unless only a list may be there.
  function listOrOne(plain, found) {
    if (found.length > 1) return found;
    return Array.isArray(found[0]) || plain.text || plain.object ? found[0] : found;
  }

  return { hasMembers, inMembers, isTooLong, jsonField, jsonValue, listOrOne, value };
}
