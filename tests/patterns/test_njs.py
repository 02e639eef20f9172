"""The printings for njs in a real NGINX, as literals of a script, against the automata; and what in njs makes them look as they do."""

from __future__ import annotations

import json
import time
from random import Random

import pytest

from gwc.jsonschema.formats import NAMES, TextFormat, format_of
from gwc.patterns import Pattern, PatternError, compile_pattern
from tests.patterns.njs import judging
from tests.patterns.random_patterns import LETTERS, mutations, pattern, texts
from tests.patterns.test_corpora import REFUSED, sources

pytestmark = pytest.mark.gateway
BATCH = 400_000
"""Characters of one request."""


def printed() -> list[Pattern]:
    """Whatever has a printing: of real documents, of formats, and random ones."""
    random = Random(5)
    formats = [known for name in NAMES if isinstance(known := format_of(name), TextFormat)]
    every = [source for source in sources() if source not in REFUSED]
    every += [source for known in formats for source in known.patterns]
    every += [pattern(random) for _ in range(400)]
    return [found for source in dict.fromkeys(every) if (found := compiled(source)) is not None and found.pcre is not None]


def compiled(source: str) -> Pattern | None:
    try:
        return compile_pattern(source)
    except PatternError:
        return None


@pytest.fixture(scope="module")
def patterns() -> list[Pattern]:
    return printed()


@pytest.fixture(scope="module")
def njs(tmp_path_factory, patterns):
    """Judges texts by a literal (its number), or by an expression that is made when it is asked for."""
    with judging(tmp_path_factory.mktemp("patterns"), [found.pcre for found in patterns]) as judge:
        yield judge


def batches(cases: list[dict]):
    batch: list[dict] = []
    for case in cases:
        batch.append(case)
        if sum(len(text) for each in batch for text in each["texts"]) > BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def disagreements(njs, patterns: list[Pattern], cases: list[dict]) -> list[str]:
    wrong = []
    for batch in batches(cases):
        for case, answers in zip(batch, njs(batch), strict=True):
            found = patterns[case["number"]]
            wrong += [
                f"{found.source!a} as {found.pcre!a} and {text[:80]!a}: {answer}"
                for text, answer in zip(case["texts"], answers or "?" * len(case["texts"]), strict=True)
                if answer != str(int(found.matches(text) and not (text == "" and found.pcre_misses_empty)))
            ]
    return wrong


def test_printings_find_what_automata_find(njs, patterns):
    random = Random(6)
    cases = []
    for number, found in enumerate(patterns):
        borders = found.border_strings(100)
        changed = [mutation for text in borders[:30] for mutation in mutations(random, text, 1)]
        cases.append({"number": number, "texts": [*borders, *changed, *texts(random, 20)]})
    assert len(cases) > 350
    assert sum(len(case["texts"]) for case in cases) > 25_000
    wrong = disagreements(njs, patterns, cases)
    if wrong:
        pytest.fail(f"{len(wrong)} disagreements: " + "; ".join(wrong[:5]))


def long_texts(found: Pattern) -> list[str]:
    """Texts of 16 KiB and more that loops can run over, accepted and refused at their ends."""
    start = max(found.border_strings(40), key=lambda text: (found.matches(text), len(text)))
    middle = start[len(start) // 2 : len(start) // 2 + 1] or "a"
    return [
        start + start[-1:] * 16_384,
        start[: len(start) // 2] + middle * 16_384 + start[len(start) // 2 :],
        "a" * 100_000,
        "a" * 16_384 + "\n",
    ]


def test_long_texts_neither_fail_nor_take_long(njs, patterns):
    """No exception (X) from the limit of recursion, and no backtracking: the whole takes as long as reading it."""
    chosen = [number for number, found in enumerate(patterns) if found.source in sources()]
    cases = [{"number": number, "texts": long_texts(patterns[number])} for number in chosen]
    before = time.monotonic()
    wrong = disagreements(njs, patterns, cases)
    assert wrong == []
    assert time.monotonic() - before < 0.2 * len(cases), "mostly the transport: 150 kB each"


TRAPS = [
    (".", "\r\u2028", "11", "a dot takes them: ECMA-262 has them as ends of lines"),
    ("^a$", ["a\n"], "1", "$ accepts before a last newline"),
    (r"^a(?![\s\S])", ["a\n", "a"], "01", "the canonical end does not"),
    (r"\s", "\xa0\ufeff\u2028", "000", "other white space"),
    (r"^\u{61}$", ["a"], "0", "not read without flag u"),
    ("^[é-€]$", "é€\xea\xe8", "1110", "ranges go by code points"),
    (r"^[\u00e9-\u20ac]$", "é€\xe8", "110", "escapes of 16 bits, too"),
    ("^[😀-😂]$", "😀😂😃", "110", "and beyond"),
    ("^[^a]$", "é€😀\na", "11110", "a class that is negated takes one code point"),
    (r"^[\s\S]{2}(?![\s\S])", ["é😀", "a", "abc"], "100", "lengths count code points"),
    (r"^\x00\x2f\x5c(?![\s\S])", ["\x00/\\"], "1", "every ASCII may be escaped"),
    (r"[a\u2028]?", ["", "a"], "01", "an escape beyond 8 bits is never found in the empty text"),
    (r"[a\u00ff]?", ["", "a"], "11", "others are"),
    ("^(?:[a-z])+$", ["a" * 20_000], "X", "a group that is repeated often enough ends in an exception"),
    ("^[a-z]+$", ["a" * 20_000], "1", "a class never does"),
]


@pytest.mark.parametrize(("source", "some", "expected", "why"), TRAPS, ids=[trap[3] for trap in TRAPS])
def test_what_njs_does(njs, source, some, expected, why):
    assert njs([{"source": source, "texts": list(some)}]) == [expected], why


def test_letters_of_every_kind_stand_for_themselves_in_printings(njs):
    """Every letter of the random texts, alone and in a class, as `compile_pattern` prints them."""
    points = list(dict.fromkeys(LETTERS))
    singles = [f"^\\u{{{ord(letter):x}}}$" for letter in points]
    classes = [f"^[\\u{{{ord(letter):x}}}]$|^[^\\u{{0}}-\\u{{10ffff}}]$" for letter in points]
    for group in (singles, classes):
        answers = njs([{"source": found.pcre, "texts": points} for source in group if (found := compile_pattern(source)).pcre is not None])
        if group is singles:
            assert answers == ["0" * at + "1" + "0" * (len(points) - at - 1) for at in range(len(points))]


def test_the_empty_text_is_asked_for_only_where_it_must_be(patterns):
    known = {found.source: found.pcre_misses_empty for found in patterns}
    assert known[".*\\{####\\}.*"] is False
    assert compile_pattern("^.*$").pcre_misses_empty
    assert compile_pattern("^[😀]?$").pcre_misses_empty
    assert not compile_pattern("^.+$").pcre_misses_empty
    assert not compile_pattern(r"^[a\xff]*$").pcre_misses_empty


def test_printings_are_plain_text():
    """ASCII, or characters beyond 16 bits; no slash: they fit between the slashes of a literal."""
    for found in printed():
        assert found.pcre is not None
        assert all(" " < char <= "~" or char > "\uffff" for char in found.pcre), found.pcre
        assert "/" not in found.pcre
        json.dumps(found.pcre)
