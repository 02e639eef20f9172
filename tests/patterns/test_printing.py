"""A printing that does not mean what the automaton means is never given away."""

from __future__ import annotations

import pytest

from gwc.patterns import pattern, pcre
from gwc.patterns.pattern import Pattern, compile_pattern


def fresh(source: str) -> Pattern:
    """The expression, compiled, but not printed yet."""
    return Pattern(source, compile_pattern(source).dfa)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("^[a-c]$", "^[a-d](?![\\s\\S])"),
        ("^[a-c]$", "^[a-c]"),  # anything may follow
        ("^a{2}$", "^a{2,3}(?![\\s\\S])"),
        ("^\u00e9$", "^\\u00e8(?![\\s\\S])"),
    ],
)
@pytest.mark.parametrize("by", ["language", "border strings"])
def test_a_wrong_printing_is_found(monkeypatch, source, wrong, by):
    monkeypatch.setattr(pcre, "printed", lambda _tree: wrong)
    if by == "border strings":
        monkeypatch.setattr(pattern, "same_language", lambda _one, _other: True)
    with pytest.raises(AssertionError):
        assert fresh(source).pcre


@pytest.mark.parametrize("source", ["^[a-c]$", "^a{2}$", "^\u00e9$"])
def test_a_right_printing_is_given_away(source):
    assert fresh(source).pcre is not None
