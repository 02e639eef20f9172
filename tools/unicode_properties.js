// Called by tools/unicode_properties.py: prints what RegExp knows about properties of Unicode, as JSON.
"use strict";
const fs = require("fs");

function accepts(property) {
  try {
    return new RegExp(`\\p{${property}}`, "u");
  } catch {
    return null;
  }
}

/** The names that ICU knows stand in the program, or in its library, one after the other. */
function candidates() {
  const files = [process.execPath, ...process.argv.slice(2)];
  const names = new Set();
  for (const file of files) {
    for (const match of fs.readFileSync(file).toString("latin1").matchAll(/[A-Z][A-Za-z0-9_]{0,50}(?=\0)/g)) names.add(match[0]);
  }
  return [...names].sort();
}

function ranges(expression) {
  const found = [];
  let start = -1;
  for (let point = 0; point <= 0x110000; point++) {
    const inside = point < 0x110000 && expression.test(String.fromCodePoint(point));
    if (inside && start < 0) start = point;
    if (!inside && start >= 0) {
      found.push([start, point - 1]);
      start = -1;
    }
  }
  return found;
}

const groups = { "": {}, "gc=": {}, "sc=": {}, "scx=": {} };
for (const name of candidates()) {
  for (const [prefix, group] of Object.entries(groups)) {
    const expression = accepts(prefix + name);
    if (expression) group[name] = ranges(expression);
  }
}
process.stdout.write(JSON.stringify({ unicode: process.versions.unicode, groups }));
