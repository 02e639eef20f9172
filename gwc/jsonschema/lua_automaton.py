"""Automata of expressions as Lua text, for `gwc/runtime/lua/gwc/pattern.lua`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, groupby

from gwc.jsonschema.lua_literal import quote
from gwc.patterns.dfa import Dfa

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
_LONGEST = 4095


def automaton(dfa: Dfa) -> str:
    """The call that makes the automaton."""
    tables = (dfa.classes, chain.from_iterable(dfa.rows), sorted(dfa.accepting))
    return f"pattern({dfa.start}, {dfa.width}, {', '.join(quote(_runs(numbers)) for numbers in tables)})"


def _runs(numbers: Iterable[int]) -> str:
    """Each run of equal numbers as its length and the number, of two digits to the base 64 each."""
    text = []
    for number, run in groupby(numbers):
        length = sum(1 for _ in run)
        while length:
            text.append(_two(min(length, _LONGEST)) + _two(number))
            length -= min(length, _LONGEST)
    return "".join(text)


def _two(number: int) -> str:
    return _DIGITS[number // 64] + _DIGITS[number % 64]
