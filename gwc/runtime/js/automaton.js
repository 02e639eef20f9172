// Runs automata over the bytes of strings: patterns that the engine's own expressions do not match exactly, or not in linear time.

export default function automaton() {
  const CLASSES = 256, tables = {};

  // Whether the automaton accepts. `table` in base64: the class of each byte, a 1 for each state that accepts, rows from state 2 on.
  function find(text, table, states, width, start) {
    let data = tables[table];
    if (data === undefined) data = tables[table] = Buffer.from(table, 'base64');
    const bytes = Buffer.from(text), state = states <= 256 ? run(bytes, data, states, width, start) : runWide(bytes, data, states, width, start);
    return data[CLASSES + state] === 1;
  }

  function run(bytes, data, states, width, start) {
    const rows = CLASSES + states - 2 * width, length = bytes.length;
    let state = start;
    for (let i = 0; i < length && state > 1; i++) state = data[rows + state * width + data[bytes[i]]];
    return state;
  }

  function runWide(bytes, data, states, width, start) {
    const rows = CLASSES + states - 4 * width, length = bytes.length;
    let state = start;
    for (let i = 0; i < length && state > 1; i++) {
      const at = rows + 2 * (state * width + data[bytes[i]]);
      state = data[at] * 256 + data[at + 1];
    }
    return state;
  }

  return { find };
}
