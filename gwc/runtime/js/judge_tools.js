// What the functions that are printed from check trees (gwc/jsonschema/js.py) are given: `x`. x[number] are those that were made.

export default function judgeTools(schemas, more) {
  const MAX_FAILURES = 5, x = { call, count, fail, more, total, unique, counts: false, members: 0, levels: 0, items: 0, isExact: '\u{1F600}'.length === 1 };

  // The function of a schema: (value, null, null) says whether it holds, (value, failures, pointer) collects and is false when that is enough.
  function call(number) {
    const made = schemas(number, x);
    if (typeof made !== 'function') throw new Error('no schema ' + number);
    x[number] = made;
    return made;
  }

  function count(object) { return Object.keys(object).length; }

  // Whether to stop.
  function fail(found, pointer, keyword) {
    if (found === null) return true;
    found.push([pointer, keyword]);
    return found.length === MAX_FAILURES;
  }

  // The members of all objects in an object or array; not a number beyond the limits that are left.
  function total(container) {
    let level = [container], members = 0;
    for (let levels = x.levels; level.length > 0; levels--) {
      if (levels <= 0) return NaN;
      const next = [];
      for (let i = 0; i < level.length; i++) {
        const values = level[i] instanceof Array ? level[i] : Object.values(level[i]);
        if (values !== level[i]) members += values.length;
        else if (values.length > x.items) return NaN;
        for (let k = 0; k < values.length; k++) if (typeof values[k] === 'object' && values[k] !== null) next.push(values[k]);
      }
      level = next;
    }
    return members;
  }

  // Whether no two items are equal.
  function unique(items) {
    if (items.length > 16) return more().unique(items);
    for (let i = 0; i < items.length; i++) {
      if (typeof items[i] === 'object' || typeof items[i] === 'symbol') return more().unique(items);
      for (let k = 0; k < i; k++) if (items[k] === items[i]) return false;
    }
    return true;
  }

  return x;
}
