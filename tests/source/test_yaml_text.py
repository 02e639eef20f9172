"""YAML is read as YAML 1.2 core, strictly, and everything refused is refused with its place."""

from __future__ import annotations

import pytest

from tests.source.given import document, refusal

SCALARS = [
    ("a: 1", 1),
    ("a: -7", -7),
    ("a: +7", 7),
    ("a: 0", 0),
    ("a: 0o17", 15),
    ("a: 0x1F", 31),
    ("a: 1e3", 1000.0),
    ("a: 1.5", 1.5),
    ("a: .5", 0.5),
    ("a: 1.", 1.0),
    ("a: true", True),
    ("a: FALSE", False),
    ("a: ~", None),
    ("a:", None),
    ("a: null", None),
    # YAML 1.1 reads all of these as something else.
    ("a: yes", "yes"),
    ("a: NO", "NO"),
    ("a: off", "off"),
    ("a: y", "y"),
    ("a: 1_000", "1_000"),
    ("a: 010", "010"),
    ("a: 0b11", "0b11"),
    ("a: 12:30:00", "12:30:00"),
    ("a: 2026-01-31", "2026-01-31"),
    ("a: 1.30.2", "1.30.2"),
    ("a: '1'", "1"),
    ('a: "true"', "true"),
    ("a: !!str 1", "1"),
    ("a: !!int '7'", 7),
    ("a: ! 12", "12"),
    ("a: 30s", "30s"),
    ("a: =", "="),
    ("{? a : 1}", 1),
    ("? a\n: 1", 1),
    ("a: &b-c_9 1", 1),
    ("a: !!str &b x", "x"),
    ('a: "<<"', "<<"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_plain_scalars_are_those_of_the_core_schema(tmp_path, text, value):
    read = document(tmp_path, text).value["a"]
    assert (read, type(read)) == (value, type(value))


REFUSED = [
    ("a: 1\na: 2", "GWC004", 2, 1),
    ('"a": 1\na: 2', "GWC004", 2, 1),
    ("1: x\n'1': y", "GWC004", 2, 1),
    ("a: {b: 1, b: 2}", "GWC004", 1, 11),
    ("~: x", "GWC007", 1, 1),
    ("true: x", "GWC007", 1, 1),
    ("1.5: x", "GWC007", 1, 1),
    ("0x10: x", "GWC007", 1, 1),
    ("2020-01-01: x", "GWC007", 1, 1),
    ("? [a]\n: x", "GWC007", 1, 3),
    ("? {a: b}\n: x", "GWC007", 1, 3),
    ("x: &a k\n*a : 1", "GWC007", 2, 1),
    ('"a\\0b": 1', "GWC007", 1, 1),
    ("a: .inf", "GWC007", 1, 4),
    ("a: -.INF", "GWC007", 1, 4),
    ("a: .nan", "GWC007", 1, 4),
    ("a: 1e400", "GWC007", 1, 4),
    ("a: " + "9" * 401, "GWC007", 1, 4),
    ("a: !!int x", "GWC007", 1, 4),
    ("a: !!python/name:os.system", "GWC006", 1, 4),
    ("a: !!binary aGVsbG8=", "GWC006", 1, 4),
    ("a: !ENV ${HOME}", "GWC006", 1, 4),
    ("a: !!set {b}", "GWC006", 1, 4),
    ("a: !!timestamp 2020-01-01", "GWC006", 1, 4),
    ("x: &b {c: 1}\na:\n  <<: *b", "GWC006", 3, 3),
    ("%YAML 1.1\n---\na: yes", "GWC006", 1, 1),
    ("%TAG ! tag:evil,2000:\n---\na: 1", "GWC006", 1, 1),
    ("a: &a [*a]", "GWC005", 1, 8),
    ("a: *nothing", "GWC003", 1, 4),
    ("{?a: 1}", "GWC003", 1, 3),
    ("a: &b:c d", "GWC003", 1, 4),
    ("a: &b 1\nc: *b:d", "GWC003", 2, 4),
    ("a: 1\n---\nb: 2", "GWC003", 2, 1),
    ("a: 1\n...\nb: 2", "GWC003", 3, 1),
    ("", "GWC003", 1, 1),
    ("# only a comment", "GWC003", 1, 1),
    ("text", "GWC003", 1, 1),
    ("a:\n\tb: 1", "GWC003", 2, 1),
    ('a: "x', "GWC003", 1, 4),
    ("a: [1, {b: 2", "GWC003", 1, 13),
    ('a: "\\xzz"', "GWC003", 1, 7),
    ('a: "\\ud800"', "GWC003", 1, 6),
    ("a: x\x85b: y", "GWC002", 1, 5),
    ("a: x\u2028b: y", "GWC002", 1, 5),
    ("a: 1\rb: 2", "GWC002", 1, 5),
    ("a: \x00", "GWC002", 1, 4),
    ("a: \x1b[31m", "GWC002", 1, 4),
    ("a: \x7f", "GWC002", 1, 4),
    ("\ufeffa: 1", "GWC002", 1, 1),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED)
def test_what_readers_disagree_on_is_refused_at_its_place(tmp_path, text, code, line, column):
    found = refusal(tmp_path, text)
    if code != "GWC003":  # libyaml chooses where a syntax error is
        assert (found.span.line, found.span.column) == (line, column)
    assert found.code == code
    assert found.span.path == "a.yaml"
    assert found.span.line <= text.count("\n") + 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfea\x00:\x00",
        b"\xfe\xff\x00a",
        b"\xff\xfe\x00\x00a\x00\x00\x00",
        b"\x1f\x8b\x08",
        b"\xef\xbb\xbfa: 1",
        b"a: \xc0\xaf",
        b"a: \xed\xa0\x80",
    ],
)
def test_only_utf_8_without_mark_is_text(tmp_path, data):
    assert refusal(tmp_path, data).code == "GWC002"


def test_a_duplicate_shows_both_places(tmp_path):
    found = refusal(tmp_path, "a: 1\nb:\n  c: 1\n  d: 2\n  'c': 3\n")
    assert [(x.span.line, x.span.column, x.span.end_column) for x in found.labels] == [(5, 3, 6), (3, 3, 4)]


def test_windows_line_ends_are_fine(tmp_path):
    assert document(tmp_path, "a: 1\r\nb:\r\n  - x\r\n").value == {"a": 1, "b": ["x"]}


def test_aliases_stand_for_their_anchor(tmp_path):
    doc = document(tmp_path, "a: &x {b: 1}\nc: *x\nd: [*x]\n")
    assert doc.value == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}
    assert str(doc.span(("c",))) == "a.yaml:2:4"
    assert str(doc.span(("c", "b"))) == "a.yaml:1:11"


def test_a_billion_laughs_are_counted_not_laughed(tmp_path):
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join(f'*a{i - 1}' for _ in range(10))}]" for i in range(1, 9)]
    assert refusal(tmp_path, "\n".join(lines)).code == "GWC005"
    assert document(tmp_path, "\n".join(lines[:5])).value["a4"]


def test_levels_are_limited_also_behind_aliases(tmp_path):
    def nested(n):
        return "[" * n + "]" * n

    assert document(tmp_path, f"a: {nested(99)}").value
    assert refusal(tmp_path, f"a: {nested(100)}").code == "GWC005"
    assert document(tmp_path, f"a: &a {nested(60)}\nb: {'[' * 39}*a{']' * 39}").value
    assert refusal(tmp_path, f"a: &a {nested(60)}\nb: {'[' * 40}*a{']' * 40}").code == "GWC005"


def test_aliases_are_limited(tmp_path):
    assert document(tmp_path, "a: &a 1\nb: [" + ", ".join(["*a"] * 1000) + "]").value
    assert refusal(tmp_path, "a: &a 1\nb: [" + ", ".join(["*a"] * 1001) + "]").code == "GWC005"


@pytest.mark.parametrize(
    "text", ["a: " + "{a: " * 50000, "a: " + "[" * 50000, "\n".join(" " * i + "a:" for i in range(2000)), "- " * 50000]
)
def test_deep_nesting_crashes_nothing(tmp_path, text):
    assert refusal(tmp_path, text).code == "GWC005"


def test_numbers_as_keys_are_their_text(tmp_path):
    assert document(tmp_path, "200: a\n'404': b\n").value == {"200": "a", "404": "b"}
