// A JSON pointer (RFC 6901) to the member of this name.

export default function pointer(name) { return '/' + name.replace(/~/g, '~0').replace(/\//g, '~1'); }
