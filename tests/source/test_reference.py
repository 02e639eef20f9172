"""A `$ref` is a file below the root and a JSON pointer: everything else is refused where it stands, and nothing is opened or connected to."""

from __future__ import annotations

import pytest

from gwc.diagnostics import Problems, Span
from gwc.source import Cursor
from gwc.source.reference import Target, parse_reference
from tests.source.given import workspace


def where():
    return Span("a.yaml", 1, 1)


PARSED = [
    ("#/a/b", Target(None, ("a", "b"))),
    ("#", Target(None, ())),
    ("b.yaml", Target("api/b.yaml", ())),
    ("./b.yaml#/x", Target("api/b.yaml", ("x",))),
    ("../b.yaml", Target("b.yaml", ())),
    ("#/paths/~1a~0b/get", Target(None, ("paths", "/a~b", "get"))),
    ("#/a%20b/%C3%A9", Target(None, ("a b", "é"))),
    ("#/~01", Target(None, ("~1",))),
    ("a%20b.yaml", Target("api/a b.yaml", ())),
    ("./c:d.yaml", Target("api/c:d.yaml", ())),
    ("#/a//b", Target(None, ("a", "", "b"))),
    # Percent-decoding happens once.
    ("%252e%252e/x.yaml", Target("api/%2e%2e/x.yaml", ())),
]


@pytest.mark.parametrize(("text", "target"), PARSED)
def test_local_references(text, target):
    assert parse_reference(text, "api/a.yaml", where) == target


REFUSED = [
    ("http://127.0.0.1/x", "GWC010"),
    ("HTTPS://x", "GWC010"),
    ("file:///etc/passwd", "GWC010"),
    ("data:application/json,{}", "GWC010"),
    ("jar:file:/x!/y", "GWC010"),
    ("c:\\x", "GWC010"),
    ("//host/x", "GWC010"),
    ("\\\\host\\x", "GWC010"),
    ("a\\b.yaml", "GWC010"),
    ("%2f%2fhost/x", "GWC010"),
    ("http%3a//host/x", "GWC010"),
    ("/etc/passwd", "GWC010"),
    ("../../x.yaml", "GWC010"),
    ("%2e%2e/%2e%2e/x.yaml", "GWC010"),
    ("", "GWC012"),
    ("a.yaml?x", "GWC012"),
    ("a.yaml%00.json", "GWC012"),
    ("a\0b", "GWC012"),
    ("a\nb", "GWC012"),
    ("#/a%zz", "GWC012"),
    ("#/%ff", "GWC012"),
    ("#/a~2", "GWC012"),
    ("#/a~", "GWC012"),
    ("#anchor", "GWC012"),
    ("#a/b", "GWC012"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_other_references_are_refused(text, code):
    with pytest.raises(Problems) as raised:
        parse_reference(text, "api/a.yaml", where)
    assert [d.code for d in raised.value.diagnostics] == [code]


MAIN = """\
local: {$ref: '#/things/0/x'}
other: {$ref: 'sub/b.yaml#/y'}
whole: {$ref: sub/b.yaml}
chain: {$ref: '#/other'}
circle: {$ref: '#/circle2'}
circle2: {$ref: '#/circle'}
self: {$ref: '#/self'}
dangling: {$ref: '#/things/1'}
negative: {$ref: '#/things/-1'}
leading: {$ref: '#/things/00'}
below: {$ref: '#/things/0/x/y'}
missing: {$ref: no.yaml}
folder: {$ref: sub}
things: [{x: 7}]
"""


@pytest.fixture
def main(tmp_path):
    space = workspace(tmp_path, main_yaml=MAIN, sub__b_yaml="y: {$ref: '../main.yaml#/local'}\n")
    return Cursor.root(space.load("main.yaml"))


def test_references_lead_over_files(main):
    assert main.child("local").resolve().value == 7
    assert main.child("chain").resolve().value == 7
    assert main.child("whole").resolve().document.path == "sub/b.yaml"
    assert str(main.child("other").resolve().span()) == "main.yaml:14:14"


@pytest.mark.parametrize(
    ("key", "code", "line"),
    [
        ("circle", "GWC012", 5),
        ("self", "GWC012", 7),
        ("dangling", "GWC011", 8),
        ("negative", "GWC011", 9),
        ("leading", "GWC011", 10),
        ("below", "GWC011", 11),
        ("missing", "GWC001", 12),
        ("folder", "GWC001", 13),
    ],
)
def test_references_to_nothing(main, key, code, line):
    with pytest.raises(Problems) as raised:
        main.child(key).resolve()
    (found,) = raised.value.diagnostics
    assert (found.code, found.span.path, found.span.line) == (code, "main.yaml", line)
