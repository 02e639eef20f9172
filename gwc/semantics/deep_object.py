"""`p[a][b]=x`: texts whose names have a path in brackets (docs/validation.md, "deepObject")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gwc.controls.validation import Reading
from gwc.jsonschema.constant import JsonValue
from gwc.semantics.reading import Place
from gwc.semantics.text_value import UnreadableError, value_of

_BRACKETS = re.compile(r"(?:\[[^\[\]]*\])+")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")

_Leaf = tuple[tuple[str, ...], str]  # keys that are still to be gone, decoded text


def value_of_brackets(reading: Reading, sent: Sequence[tuple[str, str]], place: Place) -> JsonValue:
    """The value of `(what is behind the name, raw text)`. Raises UnreadableError."""
    leaves = [(_keys(brackets), place.decode(raw)) for brackets, raw in sent]
    if any(len(t.encode()) > place.limits.string_bytes for keys, text in leaves for t in (*keys, text)):
        raise UnreadableError("stringBytes")
    _check_form(leaves, reading.shape, place)
    _check_limits(leaves, reading.shape, place)
    return _value(leaves, reading.shape, place)


def _keys(brackets: str) -> tuple[str, ...]:
    if not _BRACKETS.fullmatch(brackets):
        raise UnreadableError("style")
    return tuple(_KEY.findall(brackets))


def _check_form(leaves: Sequence[_Leaf], shape: int, place: Place) -> None:
    """Every place is one thing. Names may be as deep as a request is long: no recursion."""
    waiting = [(leaves, shape)]
    while waiting:
        here, shape_here = waiting.pop()
        if any(not keys for keys, _ in here):
            if len(here) > 1:
                raise UnreadableError("style")
        else:
            waiting += _children(here, shape_here, place).values()


def _children(leaves: Sequence[_Leaf], shape: int, place: Place) -> dict[str, tuple[list[_Leaf], int]]:
    """Name or index -> what is there, and its shape. Raises UnreadableError where the keys contradict each other."""
    below: dict[str, list[_Leaf]] = {}
    for keys, text in leaves:
        below.setdefault(keys[0], []).append((keys[1:], text))
    if _is_array(below, shape, place):
        return {str(i): (item, place.item(shape, i)) for i, item in enumerate(_items(below))}
    if "" in below:
        raise UnreadableError("style")
    return {name: (rest, place.member(shape, name)) for name, rest in below.items()}


def _is_array(keys: Iterable[str], shape: int, place: Place) -> bool:
    return "array" in place.types(shape) and all(k == "" or _INDEX.fullmatch(k) for k in keys)


def _items(below: Mapping[str, list[_Leaf]]) -> list[list[_Leaf]]:
    if "" in below:
        if len(below) > 1 or any(keys for keys, _ in below[""]):
            raise UnreadableError("style")
        return [[leaf] for leaf in below[""]]
    if {int(k) for k in below} != set(range(len(below))):
        raise UnreadableError("style")
    return [below[str(i)] for i in range(len(below))]


def _check_limits(leaves: Sequence[_Leaf], shape: int, place: Place) -> None:
    if any(len(keys) > place.limits.json_depth for keys, _ in leaves):
        raise UnreadableError("jsonDepth")
    if len(leaves) > place.limits.json_keys:
        raise UnreadableError("jsonKeys")
    if _longest(leaves, shape, place) > place.limits.array_items:
        raise UnreadableError("arrayItems")


def _longest(leaves: Sequence[_Leaf], shape: int, place: Place) -> int:
    """The length of the longest array."""
    if not leaves[0][0]:
        return 0
    children = _children(leaves, shape, place)
    below = max(_longest(*child, place) for child in children.values())
    return max(below, len(children)) if _is_array([keys[0] for keys, _ in leaves], shape, place) else below


def _value(leaves: Sequence[_Leaf], shape: int, place: Place) -> JsonValue:
    if not leaves[0][0]:
        return value_of(leaves[0][1], place.types(shape))
    children = {name: _value(*child, place) for name, child in _children(leaves, shape, place).items()}
    return list(children.values()) if _is_array([keys[0] for keys, _ in leaves], shape, place) else children
