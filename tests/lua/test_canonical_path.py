"""The hand-written grammar of the Lua core is the regular expression of the control."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwc.controls.canonical_path import MATRIX_TARGET, TARGET
from tests.lua.lua_core import module, new_runtime, to_lua
from tests.support.shared import SHARED

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "canonical_path.json").read_text())
GRAMMAR, MATRIX = re.compile(TARGET), re.compile(MATRIX_TARGET)
CHECK = module(new_runtime(), "canonical_path").check


@pytest.mark.parametrize("target", VECTORS["accepted"])
def test_canonical_targets_pass(target):
    assert CHECK(target, 4096) is None


@pytest.mark.parametrize("target", VECTORS["refused"])
def test_everything_else_is_refused(target):
    assert CHECK(target, 4096) == "normalise.path"


@pytest.mark.parametrize("target", VECTORS["accepted"] + VECTORS["refused"])
def test_the_vectors_are_the_control(target):
    assert (GRAMMAR.fullmatch(target) is not None) == (target in VECTORS["accepted"])


def test_the_border_of_the_length():
    assert CHECK("/" + "a" * 4095, 4096) is None
    assert CHECK("/" + "a" * 4096, 4096) == "normalise.uri"


PIECES = st.sampled_from(
    [*"/./.?%;\\a~*=:@[]| #\x00\x7f\xe9\n", "%2F", "%2e", "%20", "%C3", "%25", "%3B", "%41", "%7f", "%zz", "..", "//", "a.b"]
)


@settings(max_examples=3000, deadline=None)
@given(st.lists(PIECES, max_size=9).map(lambda parts: "/" + "".join(parts)))
@example("/..?/..")
@example("/..;/a")
@example("/;")
@example("/...;..")
def test_equals_the_regular_expression(target):
    assert (CHECK(target, 4096) is None) == (GRAMMAR.fullmatch(target) is not None)
    assert (CHECK(target, 4096, True) is None) == (MATRIX.fullmatch(target) is not None)


@pytest.mark.parametrize(
    ("path", "segments", "misplaced"),
    [
        ("/a/b", [], False), ("/a/;b", [], True), ("/a/;b", [1], False), ("/a;/;b", [1], True), ("/a/b;c/", [1], False), ("/a/b/;", [1], True),
        ("/;", [0], False), ("/a/b;c/d;e", [1, 2], False),
    ],
)  # fmt: skip
def test_where_semicolons_may_be(path, segments, misplaced):
    runtime = new_runtime()
    assert module(runtime, "canonical_path").is_misplaced(path, to_lua(runtime, segments)) is misplaced


@pytest.mark.parametrize("number", range(256))
def test_every_byte_plain_and_escaped(number):
    for target in (f"/a{chr(number)}b", f"/a%{number:02x}b", f"/a%{number:02X}b", f"/?{chr(number)}", f"/?%{number:02X}"):
        assert (CHECK(target, 4096) is None) == (GRAMMAR.fullmatch(target) is not None), target


@pytest.mark.skipif(not SHARED.is_dir() and os.environ.get("CI") != "true", reason="the corpora are not beside this checkout")
def test_path_confusion_is_refused():
    for case in json.loads((SHARED / "corpora" / "paths" / "path-confusion.json").read_text())["cases"]:
        target = case["target"].encode("utf-8").decode("latin-1")
        assert (CHECK(target, 4096) is None) == (GRAMMAR.fullmatch(target) is not None), target
