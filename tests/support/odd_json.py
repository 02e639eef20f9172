"""JSON texts about which readers disagree: objects with a few members, changed by seeded chance, mostly still JSON, often no longer."""

from __future__ import annotations

import random
from collections.abc import Mapping

Pick = random.Random
Members = list[tuple[str, str]]
"""Names and values as they are written."""

_VALUES = (
    '"x"', '""', "1", "0", "-0", "1.5", "1e3", "1E+2", "1e-400", "0.0", "true", "false", "null", "[]", "{}", '["staff"]', '[["staff"]]', '{"a":{"b":[1,2]}}',
    "9007199254740991", "9007199254740993", "-9007199254740992", "123456789012345678901234567890", "1e308", "-1e308", '"\\u0000"', '"\\u007f"', '"\x7f"',
    '"\\ud83d\\ude00"', '"\U0001f600"', '"\u00e9"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\u2028"', '"__proto__"', '[1,"a",null,{}]', '"\ufeff"', '"{\\"a\\":1}"',
    '"a:b"', '"\\\\"', '"\\\\\\""', '"\\\\ud800"', '"\\ud83d\\ude00\\\\\\ud83d\\ude00"', '"gold"', '"8"', "7", "7.0", "8", "70e-1", '"t1"', '"alice"', '"staff"',
)  # fmt: skip
_BROKEN_VALUES = (
    "01", "-01", "00", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 400, "undefined", "True", "'x'",
    '"\t"', '"\n"', '"\x00"', '"\x1f"', '"\\x41"', '"\\u12"', '"\\uD800"', '"\\ud800\\u0041"', '"\\udc00"', '"\\udc00\\ud800"', '"\\ud83d\\\\\\ude00"', '"\\u{41}"', '"a',
    "[1,]", "[,1]", "[1 2]", "{,}", '{"a"}', '{"a":1,}', '{"a" 1}', "{a:1}", '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"a":{"b":1,"b":2}}]', "/**/1", "1//", "1 1",
    "tru", "nulll", "[1}", '{"a":1]', "", "-", "--1", "1-", '{"__proto__":1,"__proto__":2}', '{"":1,"":2}', '"\\U0041"', "\\u0031", "\u00a01", "1\u00a0", "\x0b1", "\x0c1",
    "1.0.0", "1e5e5", "0e", "[[]", "{}}",
)  # fmt: skip
_NAMES = (
    "x", "", "__proto__", "constructor", "toString", "__index", "hasOwnProperty", "prototype", "length", "exp ", "EXP", "\\u0065xp2", "a.b", "realm_access", "org",
    "tier", "jku", "jwk", "x5u", "b64", "zip", "cty", "nonce", "\\u0000", "\u00e9", "e\u0301", "\\ud83d\\ude00", "$kid", "keys", "then", "toJSON", "valueOf", "0", "-1",
)  # fmt: skip
_BROKEN_NAMES = ("\\ud800", "\t", "\\x", "a\x00b")
_BLANKS = ("", "", "", "", " ", "\n", "\r\n\t ", "  ")
_BROKEN_BLANKS = ("\x0b", "\x0c", "\u00a0", "\ufeff", "\x00", "/**/", "\u2003")
_LEVELS = (1, 5, 25, 28, 29, 30, 31, 32, 35, 60)


def plain(members: Mapping[str, str]) -> str:
    """The object with these members; the values are JSON."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def changed(pick: Pick, members: Mapping[str, str]) -> str:
    """The same with up to two changes, and blanks in between."""
    listed = list(members.items())
    for _ in range(pick.choice((0, 1, 1, 2))):
        pick.choice((_add, _shuffle, _remove, _replace, _respell, _double))(pick, listed)
    text = "{" + ",".join(_written(pick, *member) for member in listed) + "}"
    return _framed(pick, text) if pick.random() < 0.03 else text


def _written(pick: Pick, name: str, value: str) -> str:
    before, after, between, behind = (_blank(pick) for _ in range(4))
    return f'{before}"{name}"{after}:{between}{value}{behind}'


def _blank(pick: Pick) -> str:
    return pick.choice(_BROKEN_BLANKS if pick.random() < 0.002 else _BLANKS)


def _framed(pick: Pick, text: str) -> str:
    """Something around the whole."""
    return pick.choice(
        (f"\ufeff{text}", f"{text}\0", f"{text} x", text * 2, text[:-1], f"[{text}]", f'"{text}', f"{text}\n", "null", "[]", '"x"', "")
    )


def _value(pick: Pick) -> str:
    chance = pick.random()
    if chance < 0.12:
        return _nested(pick, pick.choice(_LEVELS))
    return pick.choice(_BROKEN_VALUES if chance < 0.3 else _VALUES)


def _nested(pick: Pick, levels: int) -> str:
    """A value of so many levels."""
    opened = [pick.choice(("[", '{"a":')) for _ in range(levels)]
    return "".join(opened) + pick.choice(("1", '"x"', "null")) + "".join("]" if o == "[" else "}" for o in reversed(opened))


def _respelled(pick: Pick, name: str) -> str:
    """The same name with an escape in it."""
    if not name or "\\" in name:
        return name
    at = pick.randrange(len(name))
    return f"{name[:at]}\\u{ord(name[at]):04{pick.choice('xX')}}{name[at + 1 :]}"


def _add(pick: Pick, listed: Members) -> None:
    listed.append((pick.choice(_BROKEN_NAMES if pick.random() < 0.04 else _NAMES), _value(pick)))


def _shuffle(pick: Pick, listed: Members) -> None:
    pick.shuffle(listed)


def _remove(pick: Pick, listed: Members) -> None:
    if listed:
        listed.pop(pick.randrange(len(listed)))


def _replace(pick: Pick, listed: Members) -> None:
    if listed:
        at = pick.randrange(len(listed))
        listed[at] = (listed[at][0], _value(pick))


def _respell(pick: Pick, listed: Members) -> None:
    if listed:
        at = pick.randrange(len(listed))
        listed[at] = (_respelled(pick, listed[at][0]), listed[at][1])


def _double(pick: Pick, listed: Members) -> None:
    """A member with the name of another one."""
    if listed:
        name, value = pick.choice(listed)
        twin = (pick.choice((name, _respelled(pick, name))), pick.choice((value, _value(pick))))
        listed.insert(pick.randrange(len(listed) + 1), twin)
