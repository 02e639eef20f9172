// Parameters of a request (docs/validation.md): where their texts are, and which of them do not hold.
import ascii from 'ascii.js';
import blanks from 'blanks.js';
import lowered from 'lowered.js';
import percent from 'percent.js';
import pointer from 'pointer.js';
import policy from 'policy.js';
import queryParts from 'query_parts.js';
import trimmed from 'trimmed.js';
import utf8 from 'utf8.js';
import valuesOf from 'values_of.js';

// readings, schemas: the functions of reading.js and schema.js.
export default function parameters(readings, schemas) {
  // The failures in their order: [place, pointer, keyword] each. rule: of the plan, without responses and media types.
  function check(r, rule) {
    const failures = [], target = r.variables.request_uri, at = target.indexOf('?');
    const queries = rule.parameters.filter(function (one) { return one.in === 'query'; });
    const dealt = ofQuery(queries, at < 0 ? '' : target.slice(at + 1), rule), sent = sender(r, at < 0 ? target : target.slice(0, at));
    for (let i = 0; i < rule.parameters.length; i++) {
      const one = rule.parameters[i];
      checkOne(one, one.in === 'query' ? dealt.sent[queries.indexOf(one)] : { own: sent(one), members: [] }, rule.limits, failures);
    }
    if (rule.closedQuery && dealt.others.length > 0) failures.push(['query', '', 'unknown']);
    return failures;
  }

  function ofQuery(declared, text, rule) {
    const parts = queryParts(readings);
    return parts.deal(declared, text === '' || (declared.length === 0 && !rule.closedQuery) ? [] : parts.read(text, text.length), rule.knownQuery);
  }

  // A function from a parameter that is not in the query to its raw texts.
  function sender(r, path) {
    let segments = null;
    return function (one) {
      switch (one.in) {
      case 'path':
        if (segments === null) segments = path.split('/');
        return [inPath(one, segments[one.segment + 1])];
      case 'header':
        return inHeader(one, r);
      }
      return inCookies(one, r);
    };
  }

  // The text between the literals of the segment, none being empty. The first division must be the last, or nobody knows which is meant.
  function inPath(one, segment) {
    const first = one.literals[0], behind = one.literals[one.literals.length - 1], to = segment.length - behind.length;
    if (!segment.startsWith(first) || segment.slice(to) !== behind) throw new Error('a path of another template');
    const text = segment.slice(first.length, to), between = one.literals.slice(1, -1);
    return between.length === 0 ? text : divided(text, between, one.number);
  }

  function divided(text, between, number) {
    const last = lastPlaces(text, between);
    let from = 0, found = null;
    for (let i = 0; i <= between.length; i++) {
      const at = i === between.length ? text.length : text.indexOf(between[i], from + 1);
      if (i < between.length && at !== last[i]) return '%'; // nothing decodes it
      if (i === number) found = text.slice(from, at);
      if (i < between.length) from = at + between[i].length;
    }
    return found;
  }

  // Where each literal begins when the texts before it are as long as possible.
  function lastPlaces(text, between) {
    const places = [];
    let limit = text.length;
    for (let i = between.length - 1; i >= 0; i--) {
      const at = text.lastIndexOf(between[i], limit - 1 - between[i].length);
      if (at < 1) throw new Error('a path of another template');
      places[i] = limit = at;
    }
    return places;
  }

  // NGINX gives the script U+FFFD for bytes that are no text. Then the fields are looked at as they came, and a NUL, which no field has, says it.
  function inHeader(one, r) {
    const name = lowered(one.name), found = valuesOf(r.rawHeadersIn, name);
    const joined = found.length > 1 && (one.array || one.object) ? [found.join(',')] : found;
    const isDoubtful = joined.some(function (text) { return text.indexOf('\ufffd') >= 0; });
    return isDoubtful && utf8(r.rawVariables['http_' + name.replace(/-/g, '_')]) === null ? joined.map(function (text) { return text + '\0'; }) : joined;
  }

  // Blanks behind the name do not count. Two are as wrong as many. A field may have thousands of cookies: none of the others is copied.
  function inCookies(one, r) {
    const field = r.rawVariables.http_cookie, name = Buffer.from(one.name), found = [];
    if (field === undefined) return found;
    for (let from = field.indexOf(name); from >= 0 && from < field.length && found.length < 2; from = field.indexOf(name, from + 1)) {
      if (!isFirst(field, from) || !isLast(field, from + name.length)) continue;
      const stop = field.indexOf(0x3b, from), cookie = blanks(field.subarray(from, stop < 0 ? field.length : stop)), at = cookie.indexOf(0x3d);
      if (blanks(at < 0 ? cookie : cookie.subarray(0, at)).equals(name)) found.push(at < 0 ? '' : ascii(textOf(cookie, at)));
    }
    return found;
  }

  // Whether a cookie begins here.
  function isFirst(field, at) {
    if (field[at] === 0x3b || isBlank(field[at])) return false;
    while (at > 0 && isBlank(field[at - 1])) at--;
    return at === 0 || field[at - 1] === 0x3b;
  }

  // Whether the name of a cookie may end here.
  function isLast(field, at) {
    while (isBlank(field[at])) at++;
    return at === field.length || field[at] === 0x3b || field[at] === 0x3d;
  }

  function textOf(cookie, at) { return isClear(cookie, at) ? cookie.subarray(at + 1) : Buffer.from('%'); } // nothing decodes it

  // Whether readers of cookies agree: some take blanks around the equals sign away, some read escapes in quoted text.
  function isClear(cookie, at) {
    const first = cookie[at + 1];
    return !isBlank(cookie[at - 1]) && !isBlank(first) && (first !== 0x22 || cookie.indexOf(0x5c, at) < 0);
  }

  function isBlank(byte) { return byte === 0x20 || byte === 0x09; }

  function decoder(place) {
    switch (place) {
    case 'query': return function (text) { return percent(text, true); };
    case 'header': return ofHeader;
    }
    return function (text) { return percent(text, false); };
  }

  function ofHeader(text) { return text.indexOf('\0') < 0 ? trimmed(text) : null; }

  function checkOne(one, sent, limits, failures) {
    const isEmpty = one.in === 'query' && sent.own.length === 1 && sent.own[0] === '' && sent.members.length === 0;
    if (isEmpty && one.allowEmpty) return;
    if (sent.own.length + sent.members.length === 0 || (isEmpty && isNothing(one))) {
      if (one.required) failures.push([one.in, pointer(one.name), 'required']);
      return;
    }
    let value;
    try {
      value = readings.value(one, one.in === 'query', one.name, sent, decoder(one.in), limits);
    } catch (e) {
      if (typeof e !== 'string') throw e;
      failures.push([one.in, pointer(one.name), e]);
      return;
    }
    schemas.failures(one.schema, value, pointer(one.name)).forEach(function (failure) { failures.push([one.in, failure[0], failure[1]]); });
  }

  // Whether an empty text stands for nothing sent.
  function isNothing(one) {
    return !one.array && !one.object && one.style !== 'json' && policy.shape(one.shape).types.indexOf('string') < 0;
  }

  return { check };
}
