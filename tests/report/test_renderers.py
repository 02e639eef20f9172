"""Findings in every format: readable, stable, and not to be broken by the strings in them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwc.diagnostics import Diagnostic, Label, Span
from gwc.report import render_concise, render_full, render_github, render_json, render_sarif
from gwc.report.full import MAX_LINE

FILES = {
    "api.yaml": "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n  /a: {}\n",
    "policy.yaml": "kind: Policy\napis: {}\n",
    "wide.yaml": "ключ: 日本 \u0301x: here\n",
    "tabs.yaml": "\ta: \x1b[31mred\u202e\x07 here\n",
    "long.json": '{"a": "' + "x" * 500 + '", "here": 1, "b": "' + "y" * 500 + '"}',
    "secret.yaml": "url: https://user:GWCSECRET@host/p\nother: 1\n",
}


def finding(*labels, code="GWC004", severity="error", message="duplicate key '/a'", help="keep one of them"):
    return Diagnostic(code, severity, message, tuple(labels), help)


TWO = finding(Label(Span("api.yaml", 5, 3, 5), "again here"), Label(Span("api.yaml", 3, 3, 5), "first here"))


def full(*diagnostics, color=False, files=FILES):
    return render_full(diagnostics, files.get, color)


def test_a_frame_shows_all_places_of_a_file_from_top_to_bottom():
    assert full(TWO) == (
        "error[GWC004]: duplicate key '/a'\n"
        " --> api.yaml:5:3\n"
        "  |\n"
        "3 |   /a:\n"
        "  |   -- first here\n"
        "...\n"
        "5 |   /a: {}\n"
        "  |   ^^ again here\n"
        "  = help: keep one of them\n"
        "  = docs: docs/diagnostics.md, GWC004\n"
    )


def test_places_in_other_files_have_their_own_frame():
    shown = full(finding(Label(Span("policy.yaml", 2, 1, 5)), Label(Span("api.yaml", 1, 10, 15), "this version"), help=""))
    assert shown == (
        "error[GWC004]: duplicate key '/a'\n"
        " --> policy.yaml:2:1\n"
        "  |\n"
        "2 | apis: {}\n"
        "  | ^^^^\n"
        " ::: api.yaml:1:10\n"
        "  |\n"
        "1 | openapi: 3.0.3\n"
        "  |          ----- this version\n"
        "  = docs: docs/diagnostics.md, GWC004\n"
    )


def test_two_places_on_one_line_show_it_once():
    shown = full(finding(Label(Span("api.yaml", 1, 10, 15)), Label(Span("api.yaml", 1, 1, 8), "key")))
    assert shown.count("openapi: 3.0.3") == 1
    assert "  | ------- key\n  |          ^^^^^\n" in shown


def test_findings_are_separated_by_an_empty_line():
    assert full(TWO, TWO).count("\n\n") == 1
    assert full() == ""


@pytest.mark.parametrize("span", [Span("no.yaml", 3, 4), Span("api.yaml", 99, 1), Span("<built-in>", 1, 1, 1)])
def test_a_place_without_text_is_still_named(span):
    assert f"--> {span}" in full(finding(Label(span, "x")))


def test_a_place_at_the_end_of_a_line_or_file_has_a_mark():
    for span in (Span("api.yaml", 3, 6), Span("api.yaml", 6, 1), Span("api.yaml", 3, 60, 70)):
        assert "^" in full(finding(Label(span)))


def column_of_mark(shown, text):
    from gwc.report.harmless import width  # noqa: PLC0415

    source, mark = next((a, b) for a, b in zip(shown.split("\n"), shown.split("\n")[1:], strict=False) if "^" in b)
    assert width(source[: source.index(text)]) == mark.index("^")
    assert mark.count("^") == width(text)


def test_marks_stand_under_wide_and_replaced_characters():
    wide = FILES["wide.yaml"].index("here") + 1
    column_of_mark(full(finding(Label(Span("wide.yaml", 1, wide, wide + 4)))), "here")
    tabs = FILES["tabs.yaml"].index("here") + 1
    column_of_mark(full(finding(Label(Span("tabs.yaml", 1, tabs, tabs + 4)))), "here")


def test_long_lines_are_cut_around_the_place():
    start = FILES["long.json"].index('"here"') + 1
    shown = full(finding(Label(Span("long.json", 1, start, start + 6))))
    assert max(map(len, shown.split("\n"))) < MAX_LINE + 20
    column_of_mark(shown, '"here"')
    whole = full(finding(Label(Span("long.json", 1, 7, 509))))
    assert max(map(len, whole.split("\n"))) < MAX_LINE + 20


@pytest.mark.parametrize("column", [1, 6, 14, 20, 25, 30])
def test_secrets_in_urls_are_hidden(column):
    shown = full(finding(Label(Span("secret.yaml", 1, column, column + 4)), message="https://user:GWCSECRET@host is bad"))
    assert "GWCSECRET" not in shown
    assert "@host/p" in shown


@pytest.mark.parametrize("length", [0, 50, 79, 80, 100, 119, 120, 121, 300, 500])
def test_secrets_are_hidden_wherever_the_line_is_cut(length):
    text = "x" * length + " https://user:" + "GWCSECRET" * 9 + "@host/p " + "y" * 300
    for column in range(1, len(text), 7):
        shown = full(finding(Label(Span("a", 1, column, column + 9)), message="m"), files={"a": text})
        assert "GWCSECRET" not in shown


def test_color_is_only_added():
    colored = full(TWO, color=True)
    assert "\x1b[1;31merror[GWC004]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == full(TWO)


anything = st.text(max_size=40) | st.sampled_from(["\x1b]0;x\x07", "a\nb", "\u202eabc", "::error::x", "%0A", "\r\n::warning::", "a,b=c:d"])
diagnostics = st.builds(
    Diagnostic,
    st.just("GWC999"),
    st.sampled_from(["error", "warning", "note"]),
    anything,
    st.lists(
        st.builds(Label, st.builds(Span, anything, st.integers(1, 5), st.integers(1, 50), st.integers(0, 60)), anything),
        min_size=1,
        max_size=3,
    ).map(tuple),
    anything,
)


@given(diagnostics, st.text(max_size=60))
def test_no_string_changes_the_form(diagnostic, source):
    shown = render_full([diagnostic], lambda _: source, color=False)
    assert shown.replace("\n", "").isprintable()
    assert shown.count("error[") + shown.count("warning[") + shown.count("note[") >= 1
    assert len(shown.split("\n")) <= 6 + 5 * len(diagnostic.labels)
    concise = render_concise([diagnostic])
    assert concise.count("\n") == 1
    assert concise[:-1].isprintable()
    github = render_github([diagnostic])
    assert github.count("\n") == 1
    assert re.fullmatch(r"::(error|warning|notice) file=[^:,\n]*,line=\d+,col=\d+(,endColumn=\d+)?,title=GWC999::[^\n]*\n", github)
    assert github[:-1].isprintable()


@given(st.lists(diagnostics, max_size=3))
def test_json_holds_everything(found):
    text = render_json(found)
    assert text.isascii()
    report = json.loads(text)
    assert report["version"] == 1
    assert report["summary"] == {f"{s}s": sum(d.severity == s for d in found) for s in ("error", "warning", "note")}
    for read, diagnostic in zip(report["diagnostics"], found, strict=True):
        assert (read["code"], read["severity"], read["message"], read["help"]) == (
            diagnostic.code,
            diagnostic.severity,
            diagnostic.message,
            diagnostic.help,
        )
        for label, given_label in zip(read["labels"], diagnostic.labels, strict=True):
            span = given_label.span
            assert (label["path"], label["line"], label["column"], label["text"]) == (span.path, span.line, span.column, given_label.text)
            assert label["endColumn"] == max(span.column, span.end_column)


@given(st.lists(diagnostics, max_size=3))
def test_sarif_has_the_required_members(found):
    log = json.loads(render_sarif(found))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"] is not None
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            physical = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9._~%/-]*", physical["artifactLocation"]["uri"])
            assert physical["region"]["startLine"] >= 1
            assert physical["region"].get("endColumn", 10**9) > physical["region"]["startColumn"]


def test_github_escapes():
    diagnostic = finding(Label(Span("a,b:c%.yaml", 1, 2, 4)), message="50% \r\n::error::x", help="")
    assert render_github([diagnostic]) == "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2,endColumn=4,title=GWC004::50%25 %0D%0A::error::x\n"


def test_concise():
    assert render_concise([TWO]) == "api.yaml:5:3: error[GWC004] duplicate key '/a'\n"
