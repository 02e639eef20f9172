// What a payload says: by a path of own members of nested objects.

export default function claims() {
  // The value, undefined when there is none.
  function find(payload, path) {
    let found = payload;
    for (let i = 0; i < path.length; i++) {
      if (typeof found !== 'object' || found === null || Array.isArray(found) || !has(found, path[i])) return undefined;
      found = found[path[i]];
    }
    return found;
  }

  // Scopes or roles: a text separated by single spaces, or a list of texts; nothing in any other form, and nothing without a path.
  function texts(payload, path) {
    const found = path.length > 0 ? find(payload, path) : undefined;
    if (typeof found === 'string') return found.split(' ');
    return Array.isArray(found) && found.every(isText) ? found : [];
  }

  function isText(value) { return typeof value === 'string'; }
  function has(object, name) { return Object.prototype.hasOwnProperty.call(object, name); }

  return { find, has, texts };
}
