"""Automata of expressions as Lua text, for `gwc/runtime/lua/gwc/pattern.lua`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, groupby

from gwc.jsonschema.lua_literal import quote
from gwc.patterns import compile_pattern

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
_TWO = [high + low for high in _DIGITS for low in _DIGITS]
_LONGEST = len(_TWO) - 1


@lru_cache(maxsize=4096)
def automaton(pattern: str) -> str:
    """The call that makes the automaton of an ECMA-262 expression."""
    dfa = compile_pattern(pattern).dfa
    tables = (dfa.classes, chain.from_iterable(dfa.rows), sorted(dfa.accepting))
    return f"pattern({dfa.start}, {dfa.width}, {', '.join(quote(_runs(numbers)) for numbers in tables)})"


def _runs(numbers: Iterable[int]) -> str:
    """Each run of equal numbers as its length and the number, of two digits to the base 64 each."""
    text = []
    for number, run in groupby(numbers):
        length = len(list(run))
        text += [_TWO[_LONGEST] + _TWO[number]] * (length // _LONGEST)
        text.append(_TWO[length % _LONGEST] + _TWO[number])
    return "".join(text)
