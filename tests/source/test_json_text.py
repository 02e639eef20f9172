"""JSON is RFC 8259, minus what readers do not agree on; everything refused is refused with its place."""

from __future__ import annotations

import time

import pytest

from gwc.source.limits import MAX_NODES
from tests.source.given import document, refusal

REFUSED = [
    ('{"a": 1, "a": 2}', "GWC004", 10),
    ('{"a": {"b": 1, "\\u0062": 2}}', "GWC004", 16),
    ('{"a": NaN}', "GWC007", 7),
    ('{"a": -Infinity}', "GWC007", 7),
    ('{"a": 1e400}', "GWC007", 7),
    ('{"a": ' + "9" * 401 + "}", "GWC007", 7),
    ('{"a": ' + "9" * 5000 + "}", "GWC007", 7),
    ('{"a": ' + "9" * 401 + ")9}", "GWC007", 7),
    ('{"a": NaN)', "GWC003", 1),
    ("}" + "[" * 2000, "GWC003", 1),
    ('{"a\\u0000b": 1}', "GWC007", 2),
    ('{"a": "\\ud800"}', "GWC002", 7),
    ('{"a": "\\udc00\\ud800"}', "GWC002", 7),
    ('{"a": 1,}', "GWC003", 9),
    ('{"a": 1 // c\n}', "GWC003", 9),
    ("{'a': 1}", "GWC003", 2),
    ('{"a": "x\ny"}', "GWC003", 9),
    ('{"a": 01}', "GWC003", 8),
    ("{} {}", "GWC003", 4),
    ("", "GWC003", 1),
    ("3", "GWC003", 1),
    ('"text"', "GWC003", 1),
    ("[" * 101 + "]" * 101, "GWC005", 101),
    ("[" * 200000, "GWC005", 101),
]


@pytest.mark.parametrize(("text", "code", "column"), REFUSED)
def test_refused_at_its_place(tmp_path, text, code, column):
    found = refusal(tmp_path, text, "a_json")
    assert (found.code, found.span.line, found.span.column) == (code, 1, column)


ACCEPTED = [
    ('{"a": 1}', {"a": 1}),
    ('{"a": {"a": 1}, "b": {"a": 1}}', {"a": {"a": 1}, "b": {"a": 1}}),
    ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ('{"a": "\\\\ud800"}', {"a": "\\ud800"}),
    ('{"a": "x\\u0000"}', {"a": "x\0"}),
    ('{"a": 1e300, "b": -0.0}', {"a": 1e300, "b": -0.0}),
    ('{"__proto__": 1}', {"__proto__": 1}),
    ("[" * 100 + "]" * 100, None),
    (' \n\t{"a": ' + "9" * 400 + "}", None),
]


@pytest.mark.parametrize(("text", "value"), ACCEPTED)
def test_nearest_accepted(tmp_path, text, value):
    read = document(tmp_path, text, "a_json").value
    assert value is None or read == value


def test_a_duplicate_shows_both_places(tmp_path):
    found = refusal(tmp_path, '{\n "x": 0,\n "a": 1,\n "a": 2\n}', "a_json")
    assert [(x.span.line, x.span.column) for x in found.labels] == [(4, 2), (3, 2)]


def test_names_are_compared_within_one_object_only(tmp_path):
    assert document(tmp_path, '{"a": [{"a": 1}, {"a": 2}], "b": "a"}', "a_json").value["b"] == "a"


@pytest.mark.parametrize("text", ['{"a": 1, "a": ' + '\\"' * 300_000, '{"a": "\\ud800' + '\\"' * 300_000, '["' + '\\"' * 500_000])
def test_hostile_strings_take_linear_time(tmp_path, text):
    start = time.process_time()
    assert refusal(tmp_path, text, "a_json")
    assert time.process_time() - start < 5


def test_the_number_of_values_is_limited(tmp_path):
    assert refusal(tmp_path, "[" + "0," * (MAX_NODES + 1) + "0]", "a_json").code == "GWC005"
