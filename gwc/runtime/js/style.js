// The texts of one parameter or field, as its style has them (docs/validation.md): split first, then decoded.
//
// The result is {kind: 'text', 'array' or 'object', texts, names (of an object)}; null: the text is not of the style.
// reading: {style, explode, text, array, object (what it may be), shape}. decode: raw text -> text or null.
import textValue from 'text_value.js';

export default function style() {
  // The texts in one raw text of parameter `name`.
  function read(reading, name, raw, decode) {
    switch (reading.style) {
    case 'simple': case 'form': return delimited(reading, raw, ',', decode);
    case 'label': return raw.charAt(0) === '.' ? delimited(reading, raw.slice(1), reading.explode ? '.' : ',', decode) : null;
    case 'matrix': return matrix(reading, name, raw, decode);
    case 'spaceDelimited': return delimited(reading, raw.replace(/%20/g, '+'), '+', decode);
    case 'pipeDelimited': return delimited(reading, raw.replace(/%7[Cc]/g, '|'), '|', decode);
    case 'deepObject': return decoded([raw], decode, 'text');
    }
    throw new Error('a style that is not there');
  }

  // The texts of a parameter that is sent once for each item.
  function readExploded(reading, raws, decode) {
    const text = reading.text && raws.length === 1 ? fitting(reading, raws[0], decode) : null;
    return text === null ? decoded(raws, decode, 'array') : text;
  }

  // The texts of a parameter whose members are parameters themselves. members: [name, raw text] each, the names decoded.
  function readMembers(members, decode) {
    const found = decoded(members.map(function (member) { return member[1]; }), decode, 'object');
    if (found !== null) found.names = members.map(function (member) { return member[0]; });
    return found;
  }

  function decoded(parts, decode, kind) {
    const texts = [];
    for (let i = 0; i < parts.length; i++) {
      const text = decode(parts[i]);
      if (text === null) return null;
      texts.push(text);
    }
    return { kind: kind, texts: texts, names: null };
  }

  // Name, text, name, text ..
  function alternating(parts, decode) {
    const all = parts.length % 2 === 0 ? decoded(parts, decode, 'object') : null;
    return all === null ? null : byTwos(all.texts);
  }

  function byTwos(all) {
    const texts = [], names = [];
    for (let i = 0; i < all.length; i += 2) {
      names.push(all[i]);
      texts.push(all[i + 1]);
    }
    return { kind: 'object', texts: texts, names: names };
  }

  // name=text .. isLoose: a name alone has the empty text.
  function assigned(parts, decode, isLoose) {
    const all = [];
    for (let i = 0; i < parts.length; i++) {
      const at = parts[i].indexOf('=');
      if (at < 0 && !isLoose) return null;
      all.push(at < 0 ? parts[i] : parts[i].slice(0, at), at < 0 ? '' : parts[i].slice(at + 1));
    }
    return alternating(all, decode);
  }

  // The text when it is one of the types that the place takes, else null.
  function fitting(reading, raw, decode) {
    const found = decoded([raw], decode, 'text');
    return found !== null && textValue().fits(found.texts[0], reading.shape) ? found : null;
  }

  // A raw text in which `delimiter` stands between the parts.
  function delimited(reading, raw, delimiter, decode) {
    if (!reading.array && !reading.object) return decoded([raw], decode, 'text');
    if (reading.text && raw.indexOf(delimiter) < 0) {
      const text = fitting(reading, raw, decode);
      if (text !== null) return text;
    }
    const parts = raw.split(delimiter);
    if (reading.array) return decoded(parts, decode, 'array');
    return reading.explode ? assigned(parts, decode, false) : alternating(parts, decode);
  }

  // Takes `name=` off; the empty text behind a name alone, null behind another one.
  function withoutName(part, name, decode) {
    const at = part.indexOf('=');
    if (decode(at < 0 ? part : part.slice(0, at)) !== name) return null;
    return at < 0 ? '' : part.slice(at + 1);
  }

  // Every part is `name=text`.
  function repeated(parts, name, decode) {
    const texts = parts.map(function (part) { return withoutName(part, name, decode); });
    return texts.indexOf(null) < 0 ? decoded(texts, decode, 'array') : null;
  }

  function matrix(reading, name, raw, decode) {
    if (raw.charAt(0) !== ';') return null;
    const parts = raw.slice(1).split(';');
    if (reading.explode && reading.object) return assigned(parts, decode, true);
    const first = parts.length === 1 ? withoutName(parts[0], name, decode) : null;
    if (!reading.explode || !reading.array) return first === null ? null : delimited(reading, first, ',', decode);
    const text = reading.text && first !== null ? fitting(reading, first, decode) : null;
    return text === null ? repeated(parts, name, decode) : text;
  }

  return { read, readExploded, readMembers };
}
