"""One change to a request that somebody could make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gwc.explain.asked import Asked

MAX_VALUES = 12
"""Of a family, so many values are tried."""

Words = Callable[[Sequence[str]], str]
Apply = Callable[[Asked], Asked]


@dataclass(frozen=True, slots=True)
class Change:
    """`family` is what is changed and `value` to what; `words` says it for any number of values of the family, as a thing to do.

    Of changes that do equally well, those with the lower `rank` are told first. After this change, earlier ones of its family, and of the
    families in `replaces`, have no effect any more.
    """

    family: str
    value: str
    words: Words
    apply: Apply
    rank: int
    replaces: tuple[str, ...] = ()


def plain(text: str) -> Words:
    """The words of a family that has one value only."""
    return lambda _values: text


def with_any(one: str, after: str = "", *, many: str) -> Words:
    """`one` and the value, or `many` and the values; then `after`."""
    return lambda values: f"{one if len(values) == 1 else many} {', '.join(values)}{after}"


def one_of(values: Collection[str]) -> str:
    """`a`, or `one of a, b`."""
    return next(iter(values)) if len(values) == 1 else f"one of {', '.join(values)}"


def setting(**changed: Any) -> Apply:
    """Sets members of what is asked."""
    return lambda asked: replace(asked, **changed)


def with_path(path: str) -> Apply:
    """Asks for this path, with the same query."""
    return lambda asked: asked.with_path(path)


def editing(edit: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Apply:
    """Changes the claims of the token, if there is one."""
    return lambda asked: asked.with_token(asked.token.scheme, edit(asked.token.claims)) if asked.token else asked
