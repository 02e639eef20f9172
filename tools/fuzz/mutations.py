"""Random changes of bytes, and of trees as JSON and YAML have them. Everything is a function of the given generator."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

_PIECES = (
    b'"', b"'", b"{", b"}", b"[", b"]", b":", b",", b"\n", b"\t", b"- ", b"  ", b"? ", b"| ", b"> ", b"&a ", b"*a", b"!!str ", b"<<: ", b"# ",
    b"---\n", b"...\n", b"%YAML 1.1\n", b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00",
    b"\x85", b"\xe2\x80\xa8", b"1e999", b"-0", b"0x1F", b"01", b"1_000", b".inf", b"NaN", b"null", b"~", b"true", b"yes", b"$ref: '#'", b'"$ref": "#"',
    b"${a}", b"file:/etc/passwd", b"__proto__", b"99999999999999999999999999",
)  # fmt: skip

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 10**40, -(10**40), 0.5, 1e308, 1e-320, "", " ", "a", "\x00", "\ud7ff", "\U0001f600", "é", "a" * 3000,
    "#", "#/", "#/components/schemas/X", "http://example.com/x", "%", "%zz", "../../x", "__proto__", "constructor", "]]", "--[[", "*/", "${x}", "\\", "'",
    [], [[]], [None], ["a", "a"], {}, {"": {}}, {"$ref": "#"}, {"$ref": "#/paths"}, {"$ref": 1}, {"type": "object"}, {"type": ["null", "string"]}, {"not": {}},
    {"allOf": [{"$ref": "#"}]}, {"pattern": "(a+)+$"}, {"pattern": "["}, {"multipleOf": 0}, {"minimum": "1"}, {"enum": []}, {"properties": []},
)  # fmt: skip


def mutated(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """The bytes after a few changes; `others` are texts to take pieces from."""
    for _ in range(random.randint(1, 6)):
        data = random.choice(_BYTES)(data, random, others)
    return data


def _insert(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(_PIECES) * random.choice((1, 1, 1, 2, 40)) + data[at:]


def _delete(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at + random.choice((1, 1, 2, 8, 100)) :]


def _flip(data: bytes, random: Random, _: list[bytes]) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _repeat(data: bytes, random: Random, _: list[bytes]) -> bytes:
    at, size = random.randint(0, len(data)), random.choice((1, 4, 30, 200))
    return data[: at + size] + data[at : at + size] * random.choice((1, 2, 30)) + data[at + size :]


def _splice(data: bytes, random: Random, others: list[bytes]) -> bytes:
    other = random.choice(others) if others else data
    at, start = random.randint(0, len(data)), random.randint(0, len(other))
    return data[:at] + other[start : start + random.choice((4, 40, 400))] + data[at:]


def _line(data: bytes, random: Random, _: list[bytes]) -> bytes:
    """Moves a line, or changes how far it is indented."""
    lines = data.split(b"\n")
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randint(0, len(lines)), random.choice((line, b" " + line, line[1:], b"  " + line)))
    return b"\n".join(lines)


_BYTES = (_insert, _insert, _delete, _flip, _repeat, _splice, _line)


def changed(tree: Any, random: Random) -> Any:
    """A copy of the tree with a few nodes replaced, removed, renamed, moved or doubled."""
    tree = copy.deepcopy(tree)
    for _ in range(random.randint(1, 4)):
        places = list(_places(tree))
        if not places:
            return random.choice(ODD_VALUES)
        holder, key = random.choice(places)
        _change(holder, key, random, places)
    return tree


def shuffled(tree: Any, random: Random) -> Any:
    """A copy of the tree in which a few nodes are gone, or replaced by others of the same type and mostly the same name: most are still of a form that is allowed."""
    tree = copy.deepcopy(tree)
    for _ in range(random.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            return tree
        holder, key = random.choice(places)
        alike = [(h, k) for h, k in places if type(h[k]) is type(holder[key])]
        namesakes = [(h, k) for h, k in alike if k == key]
        other, name = random.choice(namesakes if random.random() < 0.8 else alike)
        if random.random() < 0.15:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(other[name])
    return tree


def _change(holder: Any, key: Any, random: Random, places: list[tuple[Any, Any]]) -> None:
    kind = random.randrange(7)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, name = random.choice(places)
        holder[key] = copy.deepcopy(other[name])
    elif kind == 2 and isinstance(holder, dict):
        holder[random.choice(_NAMES)] = holder.pop(key)
    elif kind == 3 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif kind == 4 and isinstance(holder[key], dict):
        holder[key][random.choice(_NAMES)] = copy.deepcopy(random.choice(ODD_VALUES))
    else:
        holder[key] = copy.deepcopy(random.choice(ODD_VALUES))


_NAMES = (
    "type", "items", "properties", "additionalProperties", "required", "allOf", "anyOf", "oneOf", "not", "$ref", "enum", "const", "pattern", "format",
    "minimum", "maximum", "multipleOf", "nullable", "discriminator", "readOnly", "writeOnly", "default", "parameters", "schema", "content", "style", "explode",
    "in", "name", "encoding", "requestBody", "responses", "headers", "$defs", "$id", "$anchor", "$dynamicRef", "unevaluatedProperties", "prefixItems", "if",
    "then", "else", "patternProperties", "propertyNames", "minLength", "maxItems", "uniqueItems", "contains", "dependentSchemas", "x-a", "", "__proto__", "a",
)  # fmt: skip


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every node but the root, as the holder and the key in it."""
    left = [tree]
    while left:
        node = left.pop()
        inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(inner):
            yield node, key
            left.append(value)
