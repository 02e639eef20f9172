// What a request is validated with (validation.js). In the bundle the modules that it imports stand inside this function, apart from those of
// `rest`: of most requests that are validated nothing else is asked.
import given from 'policy.js';
import schema from 'schema.js';
import validation from 'validation.js';

export default function judging() {
  const policy = given; // what the modules inside import under this name

  // Whether there is nothing wrong about the parameters. rule: its part `parameters`.
  function hasGoodParameters(r, rule) { return validation().checkParameters(r, rule).length === 0; }

  // What few schemas need (judge.js).
  function helpers() { return schema().helpers; }

  return { hasGoodParameters, helpers, validation };
}
