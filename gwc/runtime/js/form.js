// Bodies of fields (docs/validation.md): urlencoded forms and multipart/form-data as one object, for the schema to judge.
//
// Readers give {kind, name, value, failures}: kind null: the object is the value; `syntax` or `limits`: the keyword is the name; `body`: [pointer,
// keyword] of each field that can't be read.
import ascii from 'ascii.js';
import lowered from 'lowered.js';
import mediaType from 'media_type.js';
import multipart from 'multipart.js';
import percent from 'percent.js';
import pointer from 'pointer.js';
import put from 'put.js';
import queryParts from 'query_parts.js';
import textValue from 'text_value.js';
import utf8 from 'utf8.js';

// readings: the functions of reading.js.
export default function form(readings) {
  const values = textValue(), types = mediaType();

  function decode(text) { return percent(text, true); }

  function refused(kind, name) { return { kind: kind, name: name, value: undefined, failures: [] }; }

  // rule: {schema, fields, rest} of the plan.
  function urlencoded(rule, bytes, limits) {
    const query = queryParts(readings), parts = query.read(ascii(bytes), limits.jsonKeys), dealt = { value: {}, failures: [] };
    if (parts === null) return refused('limits', 'jsonKeys');
    if (parts.some(function (part) { return part[0] === null; })) return refused('syntax', 'form');
    if (parts.some(function (part) { return readings.isTooLong(part[0], limits.stringBytes); })) return refused('limits', 'stringBytes');
    const found = query.deal(rule.fields, parts, []);
    rule.fields.forEach(function (field, number) {
      const sent = found.sent[number];
      if (sent.own.length + sent.members.length > 0) add(dealt, field.name, pointer(field.name), function () { return fieldValue(field, sent, field.name, limits); });
    });
    addOthers(dealt, found.others, function (own, name) { return fieldValue(rule.rest, { own: own, members: [] }, name, limits); });
    return finished(dealt);
  }

  function fieldValue(field, sent, name, limits) {
    return field.style === 'json' ? readings.jsonField(field, sent.own, decode, limits) : readings.value(field, true, name, sent, decode, limits);
  }

  // Adds a member, or what keeps it from being read; whether it is there.
  function add(dealt, name, place, read) {
    try {
      const value = read();
      if (values.has(dealt.value, name)) throw 'repeated';
      put(dealt.value, name, value);
      return true;
    } catch (e) {
      if (typeof e !== 'string') throw e;
      dealt.failures.push([place, e]);
      return false;
    }
  }

  // Undeclared fields by the first appearance of their names; they have one failure, the first one.
  function addOthers(dealt, others, read) {
    const lists = {}, names = [];
    for (let i = 0; i < others.length; i++) {
      const key = '$' + others[i][0];
      if (lists[key] === undefined) {
        names.push(others[i][0]);
        lists[key] = [];
      }
      lists[key].push(others[i][1]);
    }
    names.every(function (name) { return add(dealt, name, '', function () { return read(lists['$' + name], name); }); });
  }

  function finished(dealt) {
    return { kind: dealt.failures.length > 0 ? 'body' : null, name: null, value: dealt.value, failures: dealt.failures };
  }

  // found: parameters of the media type, null: malformed.
  function ofParts(rule, bytes, found, limits) {
    const parts = found === null ? null : multipart().read(bytes, found.$boundary, limits.jsonKeys), names = rule.fields.map(nameOf);
    if (parts === null) return refused('syntax', 'multipart');
    if (parts === 'limit') return refused('limits', 'jsonKeys');
    if (parts.some(function (part) { return readings.isTooLong(part.name, limits.stringBytes); })) return refused('limits', 'stringBytes');
    const lists = names.map(function () { return []; }), others = [], dealt = { value: {}, failures: [] };
    parts.forEach(function (part) {
      const number = names.indexOf(part.name);
      if (number < 0) others.push([part.name, part]);
      else lists[number].push(part);
    });
    rule.fields.forEach(function (field, number) {
      if (lists[number].length > 0) add(dealt, field.name, pointer(field.name), function () { return partsValue(field, lists[number], limits); });
    });
    addOthers(dealt, others, function (list) { return partsValue(rule.rest, list, limits); });
    return finished(dealt);
  }

  function nameOf(field) { return field.name; }

  function partsValue(field, list, limits) {
    if (list.length > 1 && !field.array) throw 'repeated';
    if (list.length > limits.arrayItems) throw 'arrayItems';
    const isList = list.length > 1 || isListOfOne(field, list[0], limits);
    const found = list.map(function (part, i) {
      return partValue(field, part, isList && field.style !== 'json' ? values.item(field.shape, i) : field.shape, limits);
    });
    return isList && field.style !== 'json' ? found : readings.listOrOne(field, found);
  }

  // Whether the text of a part is the only item of an array.
  function isListOfOne(field, part, limits) {
    if (!field.array || field.style === 'json' || field.style === 'binary') return false;
    if (!field.text) return true;
    let text = null;
    try { text = textOf(part, limits); } catch (e) { if (typeof e !== 'string') throw e; }
    return text === null || !values.fits(text, field.shape);
  }

  // The value of one part at a place with `shape`.
  function partValue(field, part, shape, limits) {
    const type = types.read(part.contentType === null ? 'text/plain' : part.contentType), charset = type[1].$charset;
    if (field.mediaTypes.length > 0 && !takes(field.mediaTypes, type[0])) throw 'contentType';
    if (field.style === 'binary') return '';
    if (charset !== undefined && lowered(charset) !== 'utf-8') throw 'style';
    if (field.style === 'json') return readings.jsonValue(part.value, limits);
    return values.read(textOf(part, limits), shape);
  }

  function takes(ranges, type) {
    return ['*/*', type.split('/')[0] + '/*', type].some(function (range) { return ranges.indexOf(range) >= 0; });
  }

  // The text of a part.
  function textOf(part, limits) {
    const text = utf8(part.value);
    if (text === null) throw 'style';
    if (part.value.length > limits.stringBytes) throw 'stringBytes';
    return text;
  }

  return { multipart: ofParts, urlencoded };
}
