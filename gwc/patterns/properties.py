"""Properties of Unicode, as ECMA-262 names them: general categories, scripts, and the binary ones of its table 69."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from gwc.patterns.code_points import Ranges

_PREFIXES = {
    "General_Category": "gc=", "gc": "gc=", "Script": "sc=", "sc": "sc=", "Script_Extensions": "scx=", "scx": "scx=",
}  # fmt: skip


@lru_cache(maxsize=256)
def property_ranges(name: str, value: str | None) -> Ranges | None:
    """The code points with a property, exactly as V8 knows them; None if ECMA-262 has no such property.

    `value` None: the property stands alone, and is a general category or binary.
    """
    if value is None:
        return _decoded(_lines().get(name)) if name.replace("_", "").isalnum() else None
    prefix = _PREFIXES.get(name)
    return _decoded(_lines().get(prefix + value)) if prefix else None


@cache
def _lines() -> dict[str, str]:
    """By name, with its prefix: the ranges as tools/unicode_properties.py has written them."""
    found: dict[str, str] = {}
    text = Path(__file__).with_name("unicode.txt").read_text(encoding="ascii")
    for line in text.splitlines()[1:]:
        names, _, ranges = line.partition("\t")
        found.update(dict.fromkeys(names.split(" "), ranges))
    return found


def property_names() -> tuple[str, ...]:
    r"""All that `\p{..}` takes, with the short names `gc=`, `sc=` and `scx=` where there are such; sorted."""
    return tuple(sorted(_lines()))


@cache
def unicode_version() -> str:
    """The version of Unicode that the properties are of."""
    with Path(__file__).with_name("unicode.txt").open(encoding="ascii") as file:
        return file.readline().split()[2].rstrip(".")


def _decoded(text: str | None) -> Ranges | None:
    if text is None:
        return None
    found: list[tuple[int, int]] = []
    free = 0
    for part in text.split():
        gap, _, more = part.partition(".")
        low = free + int(gap, 36)
        high = low + int(more or "0", 36)
        found.append((low, high))
        free = high + 1
    return tuple(found)
