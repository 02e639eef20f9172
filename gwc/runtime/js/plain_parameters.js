// The quick way to say that parameters are right, for texts without escapes of parameters that are one text of one type. What might be wrong, or
// is only unusual, is said by parameters.js.
import judgeTools from 'judge_tools.js';

// False: that can't be told here. rule: its part `parameters`. plain: [type, number of a schema, or null where any value of the type is good].
// schemas, more: see judge_tools.js.
export default function plainParameters(r, rule, schemas, more) {
  const target = r.variables.request_uri, at = target.indexOf('?'), segments = (at < 0 ? target : target.slice(0, at)).split('/');
  if (/[%+]/.test(target)) return false;
  const names = [], texts = [], parts = at < 0 ? [] : target.slice(at + 1).split('&');
  for (let i = 0; i < parts.length; i++) {
    const equals = parts[i].indexOf('='), name = parts[i].slice(0, Math.max(equals, 0));
    if (equals < 0 || equals + 1 === parts[i].length || names.indexOf(name) >= 0) return false;
    names.push(name);
    texts.push(parts[i].slice(equals + 1));
  }
  let known = 0, x = null;
  for (let i = 0; i < rule.parameters.length; i++) {
    const one = rule.parameters[i], index = one.in === 'query' ? names.indexOf(one.name) : -1;
    if (index < 0 && one.in !== 'path') {
      if (one.required || (one.in === 'query' ? one.object && at >= 0 : r.rawVariables[one.in === 'cookie' ? 'http_cookie' : one.field] !== undefined)) return false;
      continue;
    }
    if (one.plain === undefined) return false;
    const text = index < 0 ? segments[one.segment + 1] : texts[index], type = one.plain[0];
    if (text.length > rule.limits.stringBytes) return false;
    if (type === 'integer' ? !/^(?:0|[1-9][0-9]{0,14})(?![\s\S])/.test(text) : type === 'boolean' && text !== 'true' && text !== 'false') return false;
    if (index >= 0) known++;
    if (one.plain[1] === null) continue;
    if (x === null) x = judgeTools(schemas, more);
    if (x.call(one.plain[1])(type === 'integer' ? Number(text) : type === 'boolean' ? text === 'true' : text) !== true) return false;
  }
  return known === names.length;
}
