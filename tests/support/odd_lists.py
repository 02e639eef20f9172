"""Lists of addresses by seeded chance: good ones, and ones with something odd in them."""

from __future__ import annotations

import random

_GROUPS = ("0", "1", "db8", "0db8", "ffff", "00ff", "FFFF", "2001", "fd00", "", "g", "12345")
_ODD = (
    "unknown",
    "_x",
    "",
    " ",
    "unix:",
    "-",
    "1.2.3",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4.5",
    "::",
    "::1",
    "::ffff:1.2.3.4",
    "fe80::1%1",
    "[::1]:80",
)
_PORTS = ("", "", "", ":80", ":0", ":65535", ":65536", ":", ":080")


def any_list(pick: random.Random) -> str:
    """One to six elements; most lists are good."""
    return pick.choice((",", ", ", " , ", ", ")).join(_element(pick) for _ in range(pick.choice((1, 1, 2, 2, 3, 6))))


def _element(pick: random.Random) -> str:
    chance = pick.random()
    if chance < 0.04:
        return pick.choice(_ODD)
    if chance < 0.6:
        address = ".".join(str(pick.choice((0, 1, 9, 10, 10, 99, 127, 192, 255))) for _ in range(4))
        return address + (pick.choice(_PORTS) if pick.random() < 0.1 else "")
    address = _v6(pick)
    return f"[{address}]{pick.choice(_PORTS)}" if pick.random() < 0.1 else address


def _v6(pick: random.Random) -> str:
    """Mostly an address of IPv6; now and then groups at random."""
    if pick.random() < 0.1:
        return ":".join(pick.choice(_GROUPS) for _ in range(pick.randint(1, 9)))
    groups = [pick.choice(("2001", "fd00", "db8"))] + [pick.choice(("0", "0", "1", "db8", "0db8", "FFFF")) for _ in range(7)]
    start = pick.randint(1, 7)
    count = pick.randint(0, 8 - start)
    if count == 0:
        return ":".join(groups)
    return ":".join(groups[:start]) + "::" + ":".join(groups[start + count :])
