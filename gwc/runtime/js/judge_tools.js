// What the functions that are printed from check trees (gwc/jsonschema/js.py) are given: `x`. x[number] are those that were made.

export default function judgeTools(schemas, more) {
  const KNOWN = Symbol('verdicts'), x = { call, count, more, remember, total, unique, counts: false, members: 0, levels: 0, items: 0, isExact: '\u{1F600}'.length === 1 };

  // The function of a schema: (value) says whether it holds.
  function call(number) {
    const made = schemas(number, x, false);
    if (typeof made !== 'function') throw new Error('no schema ' + number);
    x[number] = made;
    return made;
  }

  // The same function, which judges no object or array twice: what a schema that refers to itself in several ways would do without end.
  function remember(number, judge) {
    return function (value) {
      if (x.counts || typeof value !== 'object' || value === null) return judge(value);
      if (value[KNOWN] === undefined) value[KNOWN] = {};
      const known = value[KNOWN];
      if (known[number] === undefined) known[number] = judge(value);
      return known[number];
    };
  }

  function count(object) { return Object.keys(object).length; }

  // The members of all objects in an object or array; not a number beyond the limits that are left. Level by level: calls cost most.
  function total(value) {
    let level = [value], count = 1, members = 0;
    for (let levels = x.levels; count > 0; levels--) {
      const next = [], size = count;
      if (levels <= 0) return NaN;
      count = 0;
      for (let i = 0; i < size; i++) {
        const container = level[i];
        if (container instanceof Array) {
          const length = container.length;
          if (length > x.items) return NaN;
          for (let k = 0; k < length; k++) if (typeof container[k] === 'object' && container[k] !== null) next[count++] = container[k];
        } else {
          for (const name in container) {
            members++;
            if (typeof container[name] === 'object' && container[name] !== null) next[count++] = container[name];
          }
        }
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
