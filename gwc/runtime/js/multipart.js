// `multipart/form-data` (RFC 7578, RFC 2046 5.1.1), strictly: what two readers could take apart in two ways is refused.
//
// No text before the first delimiter, none behind the last one but a line break, lines end with CRLF, and the delimiter's text stands
// nowhere else. Each part has exactly one Content-Disposition `form-data` with a name; no backslash in a quoted text, no `filename*`; no parts inside of parts.
import lowered from 'lowered.js';
import mediaType from 'media_type.js';
import trimmed from 'trimmed.js';
import utf8 from 'utf8.js';

export default function multipart() {
  const types = mediaType();

  // The parts in their order: {name, isFile, contentType or null, value: Buffer}; null when the bytes are malformed, 'limit' when there
  // are more than `most`. boundary: the parameter of the media type, or undefined.
  function read(bytes, boundary, most) {
    if (!isBoundary(boundary)) return null;
    const delimiter = Buffer.from('\r\n--' + boundary), first = delimiter.subarray(2), parts = [];
    if (bytes.length < first.length || !bytes.subarray(0, first.length).equals(first)) return null;
    let at = first.length;
    while (isLineBreak(bytes, at)) {
      const stop = bytes.indexOf(delimiter, at + 2), part = stop < 0 ? null : partOf(bytes, at + 2, stop);
      if (part === null) return null;
      parts.push(part);
      if (parts.length > most) return 'limit';
      at = stop + delimiter.length;
    }
    const rest = bytes.length - at, isEnd = bytes[at] === 0x2d && bytes[at + 1] === 0x2d && (rest === 2 || (rest === 4 && isLineBreak(bytes, at + 2)));
    return isEnd && parts.length > 0 ? parts : null;
  }

  function isLineBreak(bytes, at) { return bytes[at] === 0x0d && bytes[at + 1] === 0x0a; }

  function isBoundary(text) {
    return text !== undefined && text.length <= 70 && /^[A-Za-z0-9'()+_,./:=? -]*[A-Za-z0-9'()+_,./:=?-](?![\s\S])/.test(text);
  }

  // The part between two delimiters, or null. Without fields it has no name.
  function partOf(bytes, from, to) {
    const blank = bytes.indexOf('\r\n\r\n', from);
    if (isLineBreak(bytes, from) || blank < 0 || blank + 4 > to) return null;
    const head = bytes.subarray(from, blank), text = utf8(head), fields = fieldsOf(text === null ? byCharacter(head) : text);
    if (fields === null || !isPlain(fields['$content-transfer-encoding'])) return null;
    const disposition = dispositionOf(fields['$content-disposition'], text !== null);
    if (disposition === null) return null;
    const contentType = fields['$content-type'];
    if (contentType !== undefined && !isClear(contentType)) return null;
    return {
      name: disposition[0], isFile: disposition[1], contentType: contentType === undefined ? null : contentType, value: bytes.subarray(blank + 4, to),
    };
  }

  // Whether a part has one well-formed type, and no parts of its own: some readers take those for fields.
  function isClear(contentType) {
    if (!/^[^\/; \t]+\/[^\/; \t]+[ \t]*(?:;|(?![\s\S]))/.test(contentType)) return false;
    const found = types.read(contentType);
    return found[1] !== null && found[0].slice(0, 10) !== 'multipart/';
  }

  function isPlain(coding) { return coding === undefined || ['7bit', '8bit', 'binary'].indexOf(lowered(coding)) >= 0; }

  // '$' and the name in small letters -> value of the lines, which CRLF separates; null when one is malformed, or stands there twice.
  function fieldsOf(text) {
    const found = {}, lines = text.split('\r\n');
    for (let i = 0; i < lines.length; i++) {
      const colon = lines[i].indexOf(':'), name = lines[i].slice(0, Math.max(colon, 0)), key = '$' + lowered(name);
      const isGood = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+(?![\s\S])/.test(name) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(lines[i]);
      if (!isGood || found[key] !== undefined) return null;
      found[key] = trimmed(lines[i].slice(colon + 1));
    }
    return found;
  }

  function isBlank(character) { return character === ' ' || character === '\t'; }

  // [name of the field, whether there is a file name]; null when the disposition is not clear.
  function dispositionOf(value, isText) {
    const kind = value === undefined ? '' : /^[^; \t]*/.exec(value)[0];
    if (lowered(kind) !== 'form-data' || value.indexOf('\\') >= 0) return null;
    let at = kind.length;
    while (isBlank(value.charAt(at))) at++;
    const parameters = types.parameters(value, at);
    if (parameters === null || parameters['$name'] === undefined) return null;
    const name = isText ? parameters.$name : decoded(parameters.$name);
    return name === null ? null : [name, parameters.$filename !== undefined];
  }

  // Each byte as the character of its number, and back.
  function byCharacter(bytes) {
    const parts = [];
    for (let i = 0; i < bytes.length; i++) parts.push(String.fromCharCode(bytes[i]));
    return parts.join('');
  }

  function decoded(text) {
    const bytes = Buffer.alloc(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return utf8(bytes);
  }

  return { read };
}
