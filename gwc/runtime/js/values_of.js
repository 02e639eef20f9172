// The values of a head field, each without the blanks around it.
import lowered from 'lowered.js';
import trimmed from 'trimmed.js';

// fields: [name, value] each, as they came. name: in small letters. Lengths are compared first: of most fields nothing else is looked at.
export default function valuesOf(fields, name) {
  const found = [];
  for (let i = 0; i < fields.length; i++) {
    if (fields[i][0].length === name.length && lowered(fields[i][0]) === name) found.push(trimmed(fields[i][1]));
  }
  return found;
}
