"""`gwc lint`: findings on standard output, and what was not checked is never called clean."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.test_compile import replace


def test_a_clean_project_is_0(project, run):
    code, out, err = run("lint")
    assert (code, out) == (0, "")
    assert "checked, no findings" in err


def test_each_kind_of_document_is_known(project, run):
    for name in ("gwc.yaml", "orders.gwc.yaml", "consumers.gwc.yaml", "openapi.yaml", "."):
        assert run("lint", name)[:2] == (0, ""), name


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("gwc.yaml", "targets:", "target:"),
        ("orders.gwc.yaml", "limit: 300", 'limit: "300"'),
        ("consumers.gwc.yaml", "id: acme", "id: [acme]"),
        ("openapi.yaml", "operationId: getOrder", "operationId: listOrders"),
        ("openapi.yaml", "openapi: 3.1.0", 'swagger: "2.0"'),
    ],
)
def test_an_error_is_2_with_its_place(project, run, name, old, new):
    assert run("lint", name)[0] == 0
    replace(project / name, old, new)
    code, out, err = run("lint", name, "--format", "concise")
    assert code == 2
    assert out.startswith(f"{name}:")
    assert "error" in err
    assert run("lint")[0] == (0 if name == "consumers.gwc.yaml" and not out else 2)  # the project leads to the same file


def test_a_warning_is_1(project, run):
    replace(project / "orders.gwc.yaml", "upstreams:\n", 'upstreams:\n  spare: {url: "http://127.0.0.1:8081"}\n')
    code, out, err = run("lint", "--format", "concise")
    assert code == 1
    assert out.count("\n") == 1
    assert "1 warning" in err
    assert run("compile", "--target", "nginx")[0] == 0  # a warning keeps nobody from compiling


def test_plain_http_that_leaves_the_machine_is_an_error_here_and_a_warning_of_compile(project, run):
    replace(project / "orders.gwc.yaml", "http://127.0.0.1:8080", "http://orders.internal:8080")
    code, out, err = run("lint", "--format", "concise")
    assert code == 2
    assert "GWC104" in out
    assert "1 error" in err
    code, _, err = run("compile", "--target", "nginx")
    assert code == 0
    assert "1 warning" in err


def test_a_finding_of_two_ways_to_a_file_is_shown_once(project, run):
    replace(project / "orders.gwc.yaml", "http://127.0.0.1:8080", "http://orders.internal:8080")
    code, out, _ = run("lint", "gwc.yaml", "orders.gwc.yaml", ".", "--format", "concise")
    assert code == 2
    assert out.count("\n") == 1


def test_nothing_to_check_is_3(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    assert run("lint")[0] == 3
    assert run("lint", ".")[0] == 3
    (tmp_path / "x.gwc.yaml").write_text("kind: Nonsense\n")
    assert run("lint", ".")[0] == 2


def test_a_missing_file_is_2(project, run):
    code, out, _ = run("lint", "missing.gwc.yaml", "--format", "concise")
    assert code == 2
    assert out.startswith("missing.gwc.yaml:")


def test_a_file_that_is_no_document_of_gwc_is_2(project, run):
    (project / "other.yaml").write_text("a: 1\n")
    code, out, _ = run("lint", "other.yaml", "--format", "concise")
    assert code == 2
    assert out.startswith("other.yaml:1:1")


def test_all_formats_have_the_same_exit_code(project, run, monkeypatch):
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    outputs = {}
    for style in ("full", "concise", "json", "sarif", "github"):
        code, outputs[style], _ = run("lint", "--format", style)
        assert code == 2
    assert "--> orders.gwc.yaml:40:" in outputs["full"]
    assert json.loads(outputs["json"])["diagnostics"][0]["code"] == "GWC022"
    assert json.loads(outputs["sarif"])["runs"][0]["results"][0]["ruleId"] == "GWC022"
    assert outputs["github"].startswith("::error file=orders.gwc.yaml,line=40")
    monkeypatch.setenv("GWC_FORMAT", "concise")
    assert run("lint")[1] == outputs["concise"]
    assert run("lint", "--format", "full")[1] == outputs["full"]


def test_machine_formats_are_documents_when_there_is_nothing(project, run):
    assert json.loads(run("lint", "--format", "json")[1])["diagnostics"] == []
    assert json.loads(run("lint", "--format", "sarif")[1])["runs"][0]["results"] == []


def test_paths_are_shown_from_the_current_folder(project, run, monkeypatch):
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    monkeypatch.chdir(project.parent)
    code, out, _ = run("lint", "project", "--format", "full")
    assert code == 2
    assert "--> project/orders.gwc.yaml:40:" in out
    assert 'limit: "300"' in out, "the code frame finds the text"


def test_no_colour_without_a_terminal(project, run):
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    assert "\x1b" not in run("lint")[1]


def test_a_terminal_gets_colour_unless_no_color(project, run, monkeypatch):
    replace(project / "orders.gwc.yaml", "limit: 300", 'limit: "300"')
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in run("lint")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("lint")[1]


def test_environments_set_variables(project, run):
    replace(project / "orders.gwc.yaml", 'vars: {idp: "https://id.example.com"}', 'vars: {idp: "a b"}')
    assert run("lint", "orders.gwc.yaml")[0] == 2
    assert run("lint", "orders.gwc.yaml", "--env", "staging")[0] == 0
    assert run("lint", "orders.gwc.yaml", "--var", "idp=https://x.example")[0] == 0
    assert run("lint", "--env", "nowhere")[0] == 2


def test_a_symlink_out_of_the_project_is_refused_without_its_text(project, run, tmp_path):
    (tmp_path / "secret").write_text("s3cr3t: 1\n")
    (project / "link.gwc.yaml").symlink_to(tmp_path / "secret")
    (project / "inside.gwc.yaml").symlink_to("orders.gwc.yaml")
    assert run("lint", "inside.gwc.yaml")[0] == 0
    for command in ("lint", "compile"):
        code, out, err = run(command, "link.gwc.yaml")
        assert code == 2
        assert "s3cr3t" not in out + err
    assert run("lint", ".")[0] == 2
    (project / "gwc.yaml").unlink()
    (project / "gwc.yaml").symlink_to(tmp_path / "secret")
    for command in ("lint", "compile", "explain"):
        code, out, err = run(command, *(["GET /"] if command == "explain" else []))
        assert code == 2
        assert "s3cr3t" not in out + err


def test_a_file_that_is_no_regular_file_is_2(project, run):
    for path in ("/dev/zero", "/dev/null", "pipe.gwc.yaml"):
        if not path.startswith("/"):
            os.mkfifo(path)
        assert run("lint", path)[0] == 2
        assert run("compile", path)[0] == 2
