"""Makes gwc/patterns/unicode.txt from what `node` knows: python -m tools.unicode_properties.

Needs Node 20 or later; takes a minute. A Node that links ICU as a library needs its files as arguments: that is where the names are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "gwc" / "patterns" / "unicode.txt"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def main(libraries: list[str]) -> None:
    script = ROOT / "tools" / "unicode_properties.js"
    known = json.loads(subprocess.run(["node", str(script), *libraries], check=True, capture_output=True).stdout)
    TARGET.write_text(page(known["unicode"], known["groups"]), encoding="ascii")


def page(version: str, groups: dict[str, dict[str, list[list[int]]]]) -> str:
    """A line for each set: the names that mean it, and its ranges."""
    sets: dict[str, list[str]] = {}
    for prefix, group in groups.items():
        for name, ranges in group.items():
            sets.setdefault(encoded(ranges), []).append(prefix + name)
    lines = sorted(f"{' '.join(sorted(names))}\t{text}" for text, names in sets.items())
    return (
        f"# Unicode {version}. Made by: python -m tools.unicode_properties. Data of Unicode, Inc.: Unicode License v3\n"
        + "\n".join(lines)
        + "\n"
    )


def encoded(ranges: list[list[int]]) -> str:
    """For each range: how many code points are left out before it, and after a dot how many more than one it has; base 36."""
    parts = []
    free = 0
    for low, high in ranges:
        parts.append(base36(low - free) + (f".{base36(high - low)}" if high > low else ""))
        free = high + 1
    return " ".join(parts)


def base36(number: int) -> str:
    text = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return DIGITS[number] + text


if __name__ == "__main__":
    main(sys.argv[1:])
