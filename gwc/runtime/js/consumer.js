// Phases 5 to 7: consumers by their number, in a map of NGINX: {id, roles, limits: [id, milliseconds per token, burst]}.
import rateLimit from 'rate_limit.js';

export default function consumer() {
  // Throws for a number that is not there.
  function find(r, number) {
    r.variables.gwc_number = number;
    return JSON.parse(r.variables.gwc_consumer_record);
  }

  // Takes a token of every limit; 0, or the whole seconds until the emptiest bucket has one.
  function take(known) {
    let waitMs = 0;
    known.limits.forEach(function (limit) {
      const bucket = { interval: limit[1], burst: limit[2] };
      waitMs = Math.max(waitMs, rateLimit().takeOne(ngx.shared.gwc_consumers, known.id + '|' + limit[0], bucket));
    });
    return Math.ceil(waitMs / 1000);
  }

  return { find, take };
}
