"""Formats against the suite of JSON Schema, against another implementation, and at their borders."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from gwc.jsonschema.formats import NAMES, FreeFormat, NumberFormat, RefusedFormat, TextFormat, format_of
from gwc.patterns import compile_pattern
from tests.support.shared import corpora

SUITES = ("draft4", "draft2020-12")
REFUSED = {"idn-hostname", "idn-email", "regex"}


def asserts(name: str, text: str) -> bool:
    known = format_of(name)
    assert isinstance(known, TextFormat)
    fits = known.max_length is None or len(text) <= known.max_length
    return fits and all(compile_pattern(pattern).matches(text) for pattern in known.patterns)


def suite_tests():
    """Every test of the suite whose instance is a text, by format."""
    for draft in SUITES:
        for file in sorted((corpora("jsonschema") / draft / "optional" / "format").glob("*.json")):
            for group in json.loads(file.read_text(encoding="utf-8")):
                for test in group["tests"]:
                    if isinstance(test["data"], str):
                        yield group["schema"]["format"], test["data"], test["valid"]


def test_every_group_of_the_suite_is_right_or_refused_by_name():
    judged = 0
    refused = set()
    wrong = []
    for name, text, valid in suite_tests():
        if isinstance(format_of(name), RefusedFormat):
            refused.add(name)
            continue
        judged += 1
        if asserts(name, text) != valid:
            wrong.append((name, text, valid))
    assert wrong == []
    assert judged >= 360
    assert refused == {"idn-hostname", "regex"}


def test_all_names_have_a_meaning_and_automata():
    assert list(NAMES) == sorted(NAMES)
    for name in NAMES:
        known = format_of(name)
        assert isinstance(known, RefusedFormat) == (name in REFUSED)
        if isinstance(known, TextFormat):
            assert max(compile_pattern(pattern).dfa.states for pattern in known.patterns) <= 600
    assert format_of("credit-card") is None


def test_the_others_bound_numbers_or_nothing():
    assert format_of("int32") == NumberFormat(-2147483648, 2147483647)
    assert format_of("int64") == NumberFormat(-9223372036854775808, 9223372036854775807)
    assert all(format_of(name) == FreeFormat() for name in ("binary", "double", "float", "password"))


def leap_seconds():
    minutes = [(59, 0), (0, 1), (29, 30), (58, 1), (0, 59), (58, 59), (30, 30), (59, 59), (1, 2), (30, 29)]
    for hour in range(24):
        for offset in range(24):
            for minute, offset_minute in minutes:
                yield from (f"{hour:02}:{minute:02}:60{sign}{offset:02}:{offset_minute:02}" for sign in "+-")


def test_leap_seconds_are_those_of_utc():
    oracle = jsonschema_rs.validator_for({"format": "time"}, validate_formats=True)
    times = list(leap_seconds())
    wrong = [time for time in times if asserts("time", time) != oracle.is_valid(time)]
    assert wrong == []
    assert sum(map(oracle.is_valid, times)) > 200


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("time", ["23:59:60Z", "23:59:60.25z", "00:29:60+00:30", "12:00:00.5-23:59"], ["12:00:00", "24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:00+24:00", "22:59:60Z", "23:58:60Z"]),
        ("date-time", ["1990-12-31T15:59:60-08:00", "2024-02-29t00:00:00z", "0000-02-29T00:00:00Z"], ["1990-12-31T15:59:60-07:00", "2023-02-29T00:00:00Z", "1990-12-31 15:59:59Z", "1990-12-31T15:59:59", "1990-12-31T15:59:59Z\n"]),
        ("date", ["2000-02-29", "2024-02-29", "9999-12-31"], ["1900-02-29", "2023-02-29", "2024-04-31", "2024-1-01", "２024-01-01"]),
        ("duration", ["P4DT12H30M5S", "P1YT1H", "PT1M", "P1M", "P1W", "P0D"], ["P", "PT", "P1Y2D", "PT1H2S", "P1W2D", "PT0.5S", "P1DT", "1D", "p1d"]),
        ("hostname", ["a", "a" * 63, "xn--nxasmq6b", "1.2.3.4", "a-b.c", ".".join(["a" * 63] * 3) + "." + "a" * 61], ["", "a" * 64, "-a", "a-", "a..b", "a.", ".a", "a_b", "é", ".".join(["a" * 63] * 3) + "." + "a" * 62]),
        ("email", ["a@b", '"a b"@c.d', '"a@b"@c', r'"\""@c', "a@[127.0.0.1]", "a@[IPv6:::1]", "x" * 64 + "@b", "o'r+x@b.c"], ["a", "@b", "a@", "a@b@c", "a@-b", "a@b_c", "a..b@c", ".a@b", "a.@b", "x" * 65 + "@b", "a@b.", "a@[127.0.0.256]", "é@b", '"a@b']),
        ("ipv4", ["0.0.0.0", "255.255.255.255", "1.20.250.199"], ["256.0.0.0", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "1.2.3.٤"]),
        ("ipv6", ["::", "1::", "::1.2.3.4", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:1.2.3.4", "::2:3:4:5:6:7:8"], ["1:2:3:4:5:6:7:8::", "1::2::3", ":::", "1:2:3:4:5:6:7:8:9", "::1.2.3", "::g", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%1"]),
        ("uri", ["a:", "http://[::1]:80/?#", "urn:a:b", "http://a@b:/", "http://[v1.a]/", "file:///a//b"], ["", "a", "//a", "http://[::1", "http://a:b:1/", "a:b c", "a:é", "a:%4", "1a:b", "http://[v.a]/", "a:[", "a:#b#c"]),
        ("uri-reference", ["", "a", "?", "#", "//a", "/a//b", "./a:b", "a/b:c"], ["a b", "é", ":a", "1:b", "//[a]", "%", "a#b#c"]),
        ("iri", ["http://é/?\ue000#ü", "a:\U0001f600"], ["é", "http://a/#\ue000", "a:\ufffe", "a:\x80"]),
        ("iri-reference", ["é?\ue000", "#é", "\xa0"], ["\ue000", "é é", "\uffff", "a\\b"]),
        ("uri-template", ["{+a,b*}{?c:9999}", "%20'", "é"], ["{", "}", "{a:10000}", "{a:0}", "{a*:1}", "{a b}", "%2", '"', "{++a}"]),
        ("uuid", ["2eb8aa08-AA98-11ea-b4aa-73b441d16380"], ["{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g"]),
        ("json-pointer", ["", "/", "/~0~1", "/é//"], ["a", "/~", "/~2", "#/a"]),
        ("relative-json-pointer", ["0", "10/a", "0#", "1/"], ["", "00", "01#", "0#/a", "-1", "0a", "1/~"]),
        ("byte", ["", "YQ==", "YWI=", "YWJj", "+/+/"], ["YQ", "YQ=", "Y===", "YQ==YQ==", "YWJj\n", "-_-_", "YWJjY"]),
    ],
)  # fmt: skip
def test_formats_at_their_borders(name, accepted, refused):
    assert [text for text in accepted if not asserts(name, text)] == []
    assert [text for text in refused if asserts(name, text)] == []
