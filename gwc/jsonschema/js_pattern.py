"""JavaScript that looks for an expression in a string."""

from __future__ import annotations

import base64

from gwc.jsonschema.js_literal import literal
from gwc.patterns import compile_pattern
from gwc.patterns.dfa import Dfa

ONE_BYTE = 256
"""Up to this many states are written as one byte each, others as two."""


def found(pattern: str, value: str) -> str:
    """An expression for whether the pattern is found in the string in a variable: by the engine where it does exactly that."""
    compiled = compile_pattern(pattern)
    if compiled.pcre is not None:
        found = f"{value}.search(/{compiled.pcre or '(?:)'}/) >= 0"  # `test` of njs makes an array of what it finds
        return f"({value} === '' || {found})" if compiled.pcre_misses_empty else f"({found})"
    dfa = compiled.dfa
    return f"x.more().find({value}, {literal(table(dfa))}, {len(dfa.rows) + 2}, {dfa.width}, {dfa.start})"


def table(dfa: Dfa) -> str:
    """The automaton as the runtime reads it (`find` in gwc/runtime/js/automaton.js), in base64.

    The class of each byte, a one for each state that accepts, and the rows from state 2 on.
    """
    states = len(dfa.rows) + 2
    accepting = bytes(state in dfa.accepting for state in range(states))
    size = 1 if states <= ONE_BYTE else 2
    rows = b"".join(state.to_bytes(size, "big") for row in dfa.rows for state in row)
    return base64.b64encode(dfa.classes + accepting + rows).decode()
