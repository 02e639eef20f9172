"""The expressions of real documents and of the suite of JSON Schema."""

from __future__ import annotations

import json
import time
from functools import cache

import pytest
import yaml

from gwc.patterns import PatternError, compile_pattern
from tests.patterns.test_node import check
from tests.support.shared import corpora

REFUSED = {r"^[a-zA-Z0-9_\-\:]+$": ("\\: is no escape in ECMA-262 with flag u", 15)}
WITHOUT_PCRE = 20
"""How many may be left to automata on NGINX."""


@cache
def sources() -> tuple[str, ...]:
    """All distinct expressions of the OpenAPI documents."""
    found: set[str] = set()
    for file in sorted(corpora("openapi").iterdir()):
        if file.suffix in (".json", ".yaml"):
            text = file.read_text(encoding="utf-8")
            collect(json.loads(text) if file.suffix == ".json" else yaml.load(text, Loader=yaml.CSafeLoader), found)
    return tuple(sorted(found))


def collect(document, found: set[str]) -> None:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.update(pattern for pattern in [value.get("pattern")] if isinstance(pattern, str))
            named = value.get("patternProperties")
            found.update(named if isinstance(named, dict) else ())
        waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())


def test_all_but_the_invalid_ones_compile_in_time():
    refused = {}
    compile_pattern.cache_clear()
    before = time.process_time()
    for source in sources():
        try:
            compile_pattern(source)
        except PatternError as error:
            refused[source] = (error.message, error.column)
    taken = time.process_time() - before
    assert len(sources()) == 203
    assert refused == REFUSED
    assert taken < 15, "about 1.5 s on a machine with nothing else to do"


def test_most_are_printed_for_njs():
    left = [source for source in sources() if source not in REFUSED and compile_pattern(source).pcre is None]
    assert len(left) <= WITHOUT_PCRE


def test_they_find_what_node_finds():
    seen = check(list(sources()), seed=11, borders=120, count=40)
    assert (seen["invalid"], seen["refused"]) == (len(REFUSED), 0)
    assert seen["pairs"] > 20_000
    assert seen["found"] > 2_000


def test_hostile_expressions_mean_the_same_or_are_refused():
    files = [entry for entry in corpora_list("hostile") if entry["family"] == "regex"]
    seen = check([entry["payload"] for entry in files], seed=12, borders=120, count=60, longest=14)
    assert seen["pairs"] > 1_000
    assert seen["refused"] <= 3, "two with backreferences, and one that repeats 100,000,000 times"


def corpora_list(name: str):
    return json.loads((corpora(name) / "MANIFEST.json").read_text(encoding="utf-8"))


def suite(file: str):
    for draft in ("draft4", "draft2020-12"):
        path = corpora("jsonschema") / draft / file
        if path.exists():
            yield from json.loads(path.read_text(encoding="utf-8"))


def test_the_suite_of_patterns():
    judged = 0
    for group in suite("pattern.json"):
        for test in group["tests"]:
            if isinstance(test["data"], str):
                judged += 1
                assert compile_pattern(group["schema"]["pattern"]).matches(test["data"]) == test["valid"], test
    assert judged >= 2


def test_the_suite_of_characters_beyond_16_bits():
    judged = 0
    for group in suite("optional/non-bmp-regex.json"):
        ((source, schema),) = group["schema"]["patternProperties"].items()
        assert schema == {"type": "integer"}
        for test in group["tests"]:
            for name, value in test["data"].items():
                judged += 1
                assert (not compile_pattern(source).matches(name) or isinstance(value, int)) == test["valid"], test
    assert judged >= 5


def test_the_suite_of_expressions():
    """What the format `regex` would refuse is an error, what it takes compiles; but for the one with a backreference."""
    unbounded = r"(?<n>a)\k<n>"
    for group in suite("optional/format/ecmascript-regex.json"):
        for test in group["tests"]:
            if test["valid"] and test["data"] != unbounded:
                compile_pattern(test["data"])
                continue
            with pytest.raises(PatternError) as error:
                compile_pattern(test["data"])
            assert error.value.column == (8 if test["data"] == unbounded else 1)
