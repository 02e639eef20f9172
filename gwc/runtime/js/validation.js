// Phase 9: parameters and body are what the document says (docs/validation.md). The rule is that of the plan, without responses.
import form from 'form.js';
import lowered from 'lowered.js';
import mediaType from 'media_type.js';
import parameters from 'parameters.js';
import reading from 'reading.js';
import schema from 'schema.js';
import strictJson from 'strict_json.js';

export default function validation() {
  const schemas = schema();

  // The failures of the parameters: [place, pointer, keyword] each.
  function checkParameters(r, rule) { return parameters(reading(), schemas).check(r, rule); }

  // Null, or [reason, failures], of a body that is there; failures null: nothing is told of them. type: Content-Type, which phase 8 let through.
  // taken: gets the value of a body without failures; undefined where nobody asks.
  function checkBody(rule, type, bytes, taken) {
    const read = mediaType().read(type), found = ruleFor(rule.mediaTypes, read[0]);
    if (found === null) return unsupported();
    const kind = formOf(read[0]);
    if (kind === 'opaque') return found.opaque === true ? null : unsupported();
    if (found[kind] === undefined || !(isUtf8(read[1]) || (kind === 'multipart' && read[1] === null))) return unsupported();
    if (kind === 'json') return judge(found.json, strictJson().read(bytes, rule.limits), taken);
    const fields = found[kind], forms = form(reading());
    const filled = kind === 'form' ? forms.urlencoded(fields, bytes, rule.limits) : forms.multipart(fields, bytes, read[1], rule.limits);
    return judge(fields.schema, filled, taken);
  }

  function unsupported() { return ['body.contentType', null]; }

  // The most specific one; the list is sorted so.
  function ruleFor(rules, type) {
    const ranges = [type, type.split('/')[0] + '/*', '*/*'];
    for (let i = 0; i < rules.length; i++) if (ranges.indexOf(rules[i].range) >= 0) return rules[i];
    return null;
  }

  function formOf(type) {
    if (type === 'application/json' || type === 'text/json' || type.endsWith('+json')) return 'json';
    if (type === 'application/x-www-form-urlencoded') return 'form';
    return type === 'multipart/form-data' ? 'multipart' : 'opaque';
  }

  function isUtf8(found) { return found !== null && (found.$charset === undefined || lowered(found.$charset) === 'utf-8'); }

  function judge(number, found, taken) {
    if (found.kind === 'body') return ['validate.body', found.failures.map(ofBody)];
    if (found.kind !== null) return ['validate.' + found.kind, [['body', '', found.name]]];
    const failures = schemas.failures(number, found.value, '');
    if (taken !== undefined) taken.value = found.value;
    return failures.length === 0 ? null : ['validate.body', failures.map(ofBody)];
  }

  function ofBody(failure) { return ['body', failure[0], failure[1]]; }

  return { checkBody, checkParameters };
}
