"""Automata against Node, on border strings, random texts and mutations of both."""

from __future__ import annotations

import json
import subprocess
from bisect import bisect_right
from random import Random

import pytest

from gwc.patterns import Pattern, PatternError, compile_pattern
from gwc.patterns.code_points import LAST, Ranges
from gwc.patterns.properties import property_names, property_ranges
from tests.patterns.node import comparable, has_our_unicode, judged
from tests.patterns.random_patterns import mutations, pattern, texts
from tools.unicode_properties import TARGET, page

HERE_ONLY = "2"  # tests/patterns/node.js


def compiled(source: str) -> Pattern | PatternError:
    try:
        return compile_pattern(source)
    except PatternError as error:
        assert 1 <= error.column <= len(source) + 1
        return error


def texts_for(random: Random, known: Pattern | PatternError, borders: int, count: int) -> list[str]:
    some = list(known.border_strings(borders)) if isinstance(known, Pattern) else []
    changed = [mutation for text in some[: count // 2] for mutation in mutations(random, text, 1)]
    return comparable([*some, *changed, *texts(random, count)])


def compare(sources: list[str], seed: int, borders: int, count: int, longest: int) -> tuple[dict[str, int], list[str]]:
    """How often what was seen, and every disagreement."""
    random = Random(seed)
    known = {source: compiled(source) for source in sources}
    chosen = {source: texts_for(random, found, borders, count) for source, found in known.items()}
    cases = [(source, [text for text in some if len(text) <= longest]) for source, some in chosen.items()]
    seen = {"pairs": 0, "found": 0, "invalid": 0, "refused": 0, "between halves": 0}
    wrong: list[str] = []
    for (source, some), answers in zip(cases, judged(cases), strict=True):
        found = known[source]
        if isinstance(found, PatternError):
            seen["invalid" if answers is None else "refused"] += 1
            continue
        if answers is None:
            wrong.append(f"accepted, but Node refuses {source!a}")
            continue
        seen["pairs"] += len(some)
        seen["found"] += answers.count("1")
        seen["between halves"] += answers.count(HERE_ONLY)
        wrong += [f"{source!a} and {text!a}" for text, answer in zip(some, answers, strict=True) if found.matches(text) != (answer == "1")]
    return seen, wrong


def check(sources: list[str], seed: int, borders: int, count: int, longest: int = 10_000) -> dict[str, int]:
    """What was seen; fails on a disagreement. `longest`: the characters of a text, where Node would take exponential time."""
    seen, wrong = compare(sources, seed, borders, count, longest)
    if wrong:
        pytest.fail(f"{len(wrong)} disagreements, seed {seed}: " + "; ".join(wrong[:5]))
    return seen


def random_sources(seed: int, count: int) -> list[str]:
    random = Random(seed)
    return list(dict.fromkeys(pattern(random) for _ in range(count)))


def test_random_expressions_find_what_node_finds():
    seen = check(random_sources(1, 400), seed=1, borders=20, count=20)
    assert seen["pairs"] > 11_000
    assert seen["found"] > 3_000
    assert seen["invalid"] >= 5
    assert seen["refused"] < 20


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_random_expressions_find_what_node_finds(seed):
    seen = check(random_sources(seed, 1500), seed, borders=40, count=40)
    assert seen["pairs"] > 50_000


def test_what_v8_finds_between_the_halves_of_a_pair_is_not_found():
    assert judged([(r"\B", ["A😀c", "A c"]), ("(?!.*$)", ["a😀"])]) == ["20", "2"]
    assert not compile_pattern(r"\B").matches("A😀c")


VALID = [
    "", "|", "()", "(|)", "a||b", "[^]", "[]", r"\/", r"\-".replace("-", "."), r"[\-]", r"[\b]", r"\cA", r"\0", "a{2}", "a{2,}", "a{0}", "a{0,0}",
    "a{02,003}", "(?<a>.)", r"(?<\u0061b>.)", r"(?<\u{61}$_>.)", "(?<ünï>.)", "(?<𝒜>.)", r"\u{0000041}", r"\u{10FFFF}", r"\u{0000000000061}", r"\ud83d", r"\ud83d\ude00",
    r"[\ud83d\ude00-\ud83d\ude01]", r"\ud83d\u0041", r"[a-]", "[-a]", r"[\d-]", "[a-c-e]", r"\p{L}", r"\P{Lu}", r"\p{gc=L}", r"\p{General_Category=Letter}",
    r"\p{Script=Latin}", r"\p{scx=Grek}", r"\p{Any}", r"\p{ASCII}", r"\p{Assigned}", r"\p{Emoji}", r"[\p{L}\d]", r"\p{sc=Zzzz}", "(?:a|b)+?", "(?=a)", "(?!a)b", "a-b", "a,b", "=",
    "!", "a/b", r"\t\n\v\f\r", r"\^\$\\\.\*\+\?\(\)\[\]\{\}\|", "\n", "\x00", "é", "😀", "[😀-😂]",
]  # fmt: skip

INVALID = [
    "(", ")", "[", "]", "{", "}", "a{", "a{1", "a{1,", "a{,1}", "a}", "{1}", "a{2,1}", "*", "+", "?", "a**", "a+*", "a???", "a{1}{1}", "^*", "$+", r"\b?", "(?=a)*", "(?!a)?",
    "(?<=a)*", "(?", "(?a)", "(?:", "(?<", "(?<>a)", "(?<1>a)", "(?<a", "(?<a>a)(?<a>b)", "(?<a-b>a)", "(?i:a)", "(?>a)", "(?P<a>b)", "(?#a)", r"\a", r"\e", r"\-", r"\:", r"\_", r"\ ", r"\é", "\\",
    r"\x", r"\x4", r"\xg1", r"\u", r"\u004", r"\u{", r"\u{}", r"\u{110000}", r"\u{g}", r"\u{41", r"\c", r"\c1", r"\cé", r"\00", r"\01", r"\1", r"\8", r"\k", r"\k<a>", r"[\d-a]", r"[a-\d]", "[b-a]", r"[\c]", r"[\1]",
    r"[\B]", r"[\k]", "[a", r"[\]", r"\p", r"\pL", r"\p{", r"\p{}", r"\p{L", r"\p{l}", r"\p{Latin}", r"\p{Script}", r"\p{Script=}", r"\p{Script=Foo}", r"\p{gc=Emoji}", r"\p{Emoji=Yes}", r"\p{=L}", r"\p{L=}",
    r"\p{ L}", r"\p{InBasicLatin}", r"\p{Basic_Emoji}", r"\p{Block=Latin}", r"[\p]", "(?<a", "a|*", "(*)", "|*", "(?<\U0001f600>a)", r"(?<\ud83d>a)", "a{1}{2", "[z-\\u0061]", "[\U0001f602-\U0001f600]",
]  # fmt: skip


def test_node_agrees_about_what_is_an_expression():
    cases = [(source, ["a", ""]) for source in (*VALID, *INVALID)]
    assert [source for (source, _), answers in zip(cases, judged(cases), strict=True) if (answers is None) != (source in INVALID)] == []
    assert [source for source in VALID if isinstance(compiled(source), PatternError)] == []
    assert [source for source in INVALID if not isinstance(compiled(source), PatternError)] == []
    check(VALID, seed=7, borders=60, count=20)


def test_every_property_is_that_of_node():
    """At both sides of the ends of every range."""
    cases = []
    for name in property_names():
        ranges = property_ranges(*name.split("=", 1)) if "=" in name else property_ranges(name, None)
        assert ranges is not None
        points = {point for low, high in ranges for point in (low - 1, low, high, high + 1)}
        texts = comparable([chr(point) for point in sorted(points) if 0 <= point <= LAST and not 0xD800 <= point <= 0xDFFF])
        cases.append((name, ranges, texts))
    answers = judged([(rf"^\p{{{name}}}$", texts) for name, _, texts in cases])
    assert len(cases) > 900
    assert sum(len(texts) for _, _, texts in cases) > 100_000
    wrong = [name for (name, ranges, texts), found in zip(cases, answers, strict=True) if found != expected(ranges, texts)]
    if has_our_unicode():
        assert wrong == []
    else:  # new scripts, and some characters that have changed
        assert len(wrong) < len(cases) / 4


def expected(ranges: Ranges, texts: list[str]) -> str:
    ends = [low for low, _ in ranges]
    return "".join(str(int(ord(text) <= ranges[bisect_right(ends, ord(text)) - 1][1])) if ord(text) >= ends[0] else "0" for text in texts)


@pytest.mark.long
def test_the_tables_are_what_the_tool_makes_of_this_node():
    if not has_our_unicode():
        pytest.skip("this Node has another version of Unicode than the tables")
    script = TARGET.parents[2] / "tools" / "unicode_properties.js"
    known = json.loads(subprocess.run(["node", str(script)], check=True, capture_output=True).stdout)
    assert page(known["unicode"], known["groups"]) == TARGET.read_text(encoding="ascii")
