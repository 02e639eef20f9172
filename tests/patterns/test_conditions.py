"""Expressions that are too large for one automaton, as several conditions: the same texts as Node takes."""

from __future__ import annotations

from random import Random

import pytest

from gwc.patterns import Conditions, PatternError, compile_pattern, conditions
from tests.jsonschema.given import built
from tests.patterns.node import judged

SPLIT = {
    r"^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)(?=.*[^\w]).{8,64}$": (
        ("^(?=.*[A-Z])", "^(?=.*[a-z])", r"^(?=.*\d)", r"^(?=.*[^\w])", "^.*$"), 8, 64,
    ),
    r"^[\s\S]{1,5000}$": ((r"^[\s\S]*$",), 1, 5000),
    r"^.{3000,}$": (("^.*$",), 3000, None),
    r"^(?!-)(?!.*--)[^|]{2,900}?$": (("^(?!-)", "^(?!.*--)", "^[^|]*$"), 2, 900),
    r"^(?=(?:.*\d){2})(?:.){300,400}$": ((r"^(?=(?:.*\d){2})", "^(?:.)*$"), 300, 400),
    r"^(?=.*a.{7})(?=.*b.{7})x.*c": (("^(?=.*a.{7})", "^(?=.*b.{7})", "^x.*c"), 0, None),
}  # fmt: skip


@pytest.mark.parametrize("source", SPLIT)
def test_what_is_too_large_is_split(source):
    with pytest.raises(PatternError):
        compile_pattern(source)
    patterns, low, high = SPLIT[source]
    assert conditions(source) == Conditions(patterns, low, high)


@pytest.mark.parametrize("source", ["a", "^a{3}$", "^(?=a)b", "^.{1,255}$", "", "a|b"])
def test_what_fits_stays_whole(source):
    assert conditions(source) == Conditions((source,))


@pytest.mark.parametrize(
    "source",
    [
        ".{1,5000}$",
        "^.{5000}",
        "^.{1,5000}$|a",
        "^(?=a).{5000}b",
        "^(?:ab){5000}$",
        "(",
        r"^(.)\1.{1,5000}$",
        r"^(?=.*a.{12}b).{1,2000}$",
    ],
)
def test_the_rest_is_refused_with_the_error_of_the_whole(source):
    with pytest.raises(PatternError) as error:
        conditions(source)
    with pytest.raises(PatternError) as whole:
        compile_pattern(source)
    assert (error.value.message, error.value.column) == (whole.value.message, whole.value.column)


def holds(demanded: Conditions, text: str) -> bool:
    fits = demanded.min_length <= len(text) and (demanded.max_length is None or len(text) <= demanded.max_length)
    return fits and all(compile_pattern(pattern).matches(text) for pattern in demanded.patterns)


def lengths(low: int, high: int | None) -> list[int]:
    return sorted({0, 1, max(low - 1, 0), low, low + 1, *((high - 1, high, high + 1) if high else ())})


def test_conditions_hold_where_node_finds_the_expression():
    random = Random(3)
    cases = []
    for source, (_, low, high) in SPLIT.items():
        letters = ["aA1!", "ab-", "é😀aB2", "xabcabababab", "a\n1"]
        texts = ["".join(random.choice(some) for _ in range(length)) for length in lengths(low, high) for some in letters for _ in range(4)]
        cases.append((source, [*texts, "xbbbbbbbbabbbbbbbbc", "Abcdef1!", "Abcdef12", "-a", "a--b"]))
    found = 0
    for (source, texts), answers in zip(cases, judged(cases), strict=True):
        demanded = conditions(source)
        found += answers.count("1")
        assert [text for text, answer in zip(texts, answers, strict=True) if holds(demanded, text) != (answer == "1")] == [], source
    assert found > 60


def test_schemas_tell_of_one_failure_whatever_does_not_hold(tmp_path):
    schema = built(tmp_path, {"pattern": r"^(?=.*[A-Z])(?=.*\d).{8,64}$"}, "3.0")
    assert len(schema.schema.checks) == 1
    assert schema.takes("Abcdefg1")
    assert schema.takes("é😀bcdeF1")
    assert schema.takes("A1" * 32)
    assert schema.takes(7)
    for text in ("Abcdef1", "abcdefg1", "Abcdefgh", "A1" * 32 + "x", "", "Abcdefg1\n"):
        assert schema.failures(text) == (("", "pattern"),)
