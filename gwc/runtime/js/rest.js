// Everything that most requests do not need. In the bundle the modules that it imports stand inside this function: what is not called
// costs a request nothing.
import decision from 'decision.js';
import keyProvider from 'key_provider.js';
import metrics from 'metrics.js';
import given from 'policy.js';

export default function rest() {
  const policy = given.tables(); // what the modules inside import under this name
  return { decision, keyProvider, metrics };
}
