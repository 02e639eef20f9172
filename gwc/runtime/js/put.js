// Sets a member of an object, whatever its name. What every object inherits can't be assigned: __proto__ would be another prototype, and in njs
// the others would not be enumerable.

export default function put(object, name, value) {
  if (object[name] === undefined) object[name] = value;
  else Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
}
