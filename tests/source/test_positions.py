"""Every value and every key knows exactly where it is written, in JSON and in YAML."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gwc.source.json_text import JsonPositions, parse_json
from gwc.source.yaml_text import parse_yaml

# Characters that JSON and YAML both allow unescaped.
text = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f\u2028\u2029\ufeff\ufffe\uffff", exclude_categories=("Cs", "Cc")), max_size=8
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | text
trees = st.recursive(scalars, lambda x: st.lists(x, max_size=4) | st.dictionaries(text, x, max_size=4), max_leaves=20)
roots = st.lists(trees, max_size=4) | st.dictionaries(text, trees, max_size=4)
layouts = st.sampled_from([None, 1, 3])


def places(value, pointer=()):
    yield pointer, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in members:
        yield from places(below, (*pointer, step))


def written(source, span):
    return source.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


@settings(deadline=None)
@given(roots, layouts)
def test_json_spans_hold_what_is_there(value, indent):
    source = json.dumps(value, indent=indent, ensure_ascii=False)
    positions = JsonPositions("a.json", source)
    read = parse_json("a.json", source)
    assert read == value
    for pointer, below in places(read):
        span = positions.span(pointer)
        if isinstance(below, dict | list):
            assert written(source, span) == ("{" if isinstance(below, dict) else "[")
        else:
            assert json.loads(written(source, span)) == below
        if pointer and isinstance(pointer[-1], str):
            assert json.loads(written(source, positions.span(pointer, key=True))) == pointer[-1]


@settings(deadline=None)
@given(roots, layouts)
def test_yaml_reads_json_the_same_and_knows_the_same_places(value, indent):
    source = json.dumps(value, indent=indent, ensure_ascii=False)
    read, positions = parse_yaml("a.yaml", source)
    assert read == value
    in_json = JsonPositions("a.yaml", source)
    for pointer, below in places(read):
        span, other = positions.span(pointer), in_json.span(pointer)
        assert (span.line, span.column) == (other.line, other.column)
        if not isinstance(below, dict | list):
            assert span.end_column == other.end_column
        if pointer and isinstance(pointer[-1], str):
            assert positions.span(pointer, key=True) == in_json.span(pointer, key=True)


BLOCK = """\
# a comment
openapi: 3.0.3
paths:
  /a:   # here
    get: &op
      tags: [one, 'two']
      description: |
        long
    post: *op
list:
- x
-   - y
    - z: 1
"""


def test_block_style_places():
    _, positions = parse_yaml("a.yaml", BLOCK)

    def at(*pointer, key=False):
        span = positions.span(pointer, key=key)
        return span.line, span.column, span.end_column

    assert at() == (2, 1, 1)
    assert at("openapi", key=True) == (2, 1, 8)
    assert at("openapi") == (2, 10, 15)
    assert at("paths", "/a", key=True) == (4, 3, 5)
    assert at("paths", "/a", "get", "tags", 1) == (6, 19, 24)
    assert at("paths", "/a", "get", "description") == (7, 20, 20)
    assert at("paths", "/a", "post") == (9, 11, 14)
    assert at("list", 1, 1, "z") == (13, 10, 11)
    assert at("list", 1, 1, "z", key=True) == (13, 7, 8)


def test_a_pointer_to_nothing_is_the_nearest_container():
    _, positions = parse_yaml("a.yaml", BLOCK)
    assert positions.span(("paths", "/a", "nope", 3)) == positions.span(("paths", "/a"))
    in_json = JsonPositions("a.json", '{"a": {"b": [1]}}')
    assert in_json.span(("a", "b", 7)) == in_json.span(("a", "b"))
    assert in_json.span(("a", "b", 0, "x")) == in_json.span(("a", "b", 0))


def test_columns_count_characters_not_bytes():
    _, positions = parse_yaml("a.yaml", '"ключ": {"\U0001f600": 1}')
    assert positions.span(("ключ", "\U0001f600")).column == 15
    assert JsonPositions("a.json", '{"ключ": {"\U0001f600": 1}}').span(("ключ", "\U0001f600")).column == 16
