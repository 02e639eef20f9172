"""Expressions that would be huge: each ends in an automaton or an error, after bounded work in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from gwc.patterns import compile_pattern
from gwc.patterns.determinise import MAX_STATES

CPU_S = 6  # about four times what the slowest takes
PEAK_KIB = 200 << 10

REFUSED = [
    ("(" * 10_000, 101),
    ("(?:" * 101 + "a" + ")" * 101, 301),
    ("a{1000000000}", 2),
    ("a{9999999999}", 2),
    ("(?:){999999999}", 5),
    ("(a{100}){100}", 9),
    ("((((a{10}){10}){10}){10}){10}", 21),
    ("(a{100}){99}", 3),
    ("[ab]*a[ab]{10}$", 11),
    ("(?=.*a.{10})(?=.*b.{10})c", 20),
    ("(?:a?){3000}a{3000}", 14),
    (r"\p{L}{500}", 6),
    (r"^[\p{L}\p{N}]{1,20}$", 14),
    ("|".join(f"word{number}" for number in range(2000)), 1),
    ("x" * 20_001, 20_001),
    ("x" * 5_000, 1),
    ("(?=a" * 60 + ")" * 60, 201),
    (r"[\s\S]{0,1999}x", 7),
    ("(?:(?=a)|(?=b)|(?=c)|(?=d)|(?=e)|(?=f)|(?=g)|(?=h)|(?=i)|(?=j)|(?=k)|(?=l))*z", 76),
    ("(?<=a.{12})c", 7),
    ("(?:a(?!b)){500}", 5),
    ("[^a]{1,200}b{1,200}c", 13),
    ("(?:a|a){2000}", 8),
]
SMALL = [
    ("(?:" * 100 + "a" + ")" * 100, 3),
    ("[ab]*a[ab]{12}", 15),
    ("a*" * 2000, 2),
    ("((a*)*)*b", 3),
    ("(?:(?:(?:a*)+)+)+$", 6),
    ("(?:(?=.*a)(?=.*b)(?=.*c)(?=.*d)(?=.*e)(?=.*f).)*$", 6),
    (r"(?:\b|\B|a)*x", 6),
    ("(a{0,40}){0,40}", 2),
    ("^.{1,255}$", 1533),
    ("^" + "x" * 1900 + "$", 1903),
    ("(?:(?!" * 40 + "a" + "))" * 40, 6),
]


RUN = """
import json, sys, time
from gwc.patterns import PatternError, compile_pattern
results = []
for source in json.load(sys.stdin):
    before = time.process_time()
    try:
        result = compile_pattern(source).dfa.states, None
    except PatternError as error:
        result = None, error.column
    results.append((*result, time.process_time() - before))
print(json.dumps({"results": results, "peak_kib": next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))}))
"""


@pytest.fixture(scope="module")
def outcome():
    """States, column and CPU seconds by expression, and the peak memory, of one process that compiles them all."""
    sources = [source for source, _ in (*REFUSED, *SMALL)]
    done = subprocess.run([sys.executable, "-c", RUN], input=json.dumps(sources).encode(), capture_output=True, check=True, timeout=300)
    found = json.loads(done.stdout)
    return dict(zip(sources, found["results"], strict=True)), found["peak_kib"]


def test_what_would_be_huge_is_refused_where_it_grows(outcome):
    got = {source: outcome[0][source][:2] for source, _ in REFUSED}
    assert got == {source: [None, column] for source, column in REFUSED}


def test_what_looks_huge_but_is_small_compiles(outcome):
    got = {source: outcome[0][source][:2] for source, _ in SMALL}
    assert got == {source: [states, None] for source, states in SMALL}
    assert max(states for _, states in SMALL) <= MAX_STATES


def test_work_and_memory_are_bounded(outcome):
    slow = {source[:40]: cpu_s for source, (_, _, cpu_s) in outcome[0].items() if cpu_s > CPU_S}
    assert slow == {}
    assert outcome[1] < PEAK_KIB


def test_printings_may_have_many_ends():
    found = compile_pattern("|".join(f"^{number}$" for number in range(60)))
    assert found.pcre is not None
    assert found.pcre.count("(?!") == 60


def test_matching_is_linear():
    found = compile_pattern("^(?:(?:a*)*)*$")
    text = "a" * 200_000 + "b"
    before = time.process_time()
    assert not found.matches(text)
    assert found.matches(text[:-1])
    assert time.process_time() - before < 2
