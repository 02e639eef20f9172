// Phases 5 to 7: consumers by their number, in a map of NGINX: {id, roles, limits: [id, milliseconds per token, burst]}.
import bucket from 'bucket.js';

export default function consumer() {
  // Throws for a number that is not there.
  function find(r, number) {
    r.variables.gwc_number = number;
    return JSON.parse(r.variables.gwc_consumer_record);
  }

  // Takes a token of every limit; 0, or the milliseconds until the emptiest bucket has one. Every bucket of a consumer has room.
  function take(known) {
    let waitMs = 0;
    known.limits.forEach(function (limit) {
      const found = bucket().take('gwc_consumers', known.id + '|' + limit[0], { interval: limit[1], burst: limit[2] }, 1);
      waitMs = Math.max(waitMs, found[0]);
    });
    return waitMs;
  }

  return { find, take };
}
