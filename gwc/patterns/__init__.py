"""Regular expressions of ECMA-262 (flag u) as automata over UTF-8 bytes: linear, and the same on every gateway."""

from gwc.patterns.conditions import Conditions, conditions
from gwc.patterns.error import PatternError
from gwc.patterns.pattern import Pattern, compile_pattern

__all__ = ["Conditions", "Pattern", "PatternError", "compile_pattern", "conditions"]
