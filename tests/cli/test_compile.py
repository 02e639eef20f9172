"""`gwc compile`: both sides of each exit code, and nothing is written unless everything is well."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gwc.backends import envoy
from gwc.backends.base import TargetProblems, Unenforceable
from gwc.cli import main
from gwc.diagnostics import Span


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_compiles_the_project_around(project, run):
    code, out, err = run("compile")
    assert code == 0
    assert "warning" not in out
    assert err.splitlines()[-1].endswith("files to out (envoy, kong, nginx)") or "files to" in err
    written = tree(project / "out")
    assert {
        "nginx/nginx.conf",
        "envoy/envoy.json",
        "envoy/xds/bootstrap.json",
        "kong/kong.yml",
        "kong/kong.conf",
        "gwc.manifest.json",
    } <= set(written)
    assert not [f for f in written if written[f] == b""]


def test_every_line_of_the_ledger_exists(project, run):
    run("compile")
    manifest = json.loads((project / "out/gwc.manifest.json").read_text())
    ledger = manifest["policies"]["orders"]["ledger"]
    assert set(ledger["security"]) == set(ledger["routing"]) == set(ledger["body"])
    assert len(ledger["routing"]) == 8
    for subjects in ledger.values():
        for places in subjects.values():
            assert set(places) == {"nginx", "envoy", "kong"}
            for place in places.values():
                file, _, line = place.rpartition(":")
                assert len((project / "out" / file).read_text().splitlines()) >= int(line) >= 1
    assert {"orders.gwc.yaml", "openapi.yaml", "jwks.json", "consumers.gwc.yaml"} <= set(manifest["policies"]["orders"]["inputs"])


def test_the_output_is_the_same_anywhere(project, run, tmp_path, monkeypatch):
    run("compile")
    other = tmp_path / "elsewhere" / "deeper"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("out"))
    monkeypatch.chdir("/")
    assert run("compile", other)[0] == 0
    assert tree(other / "out") == tree(project / "out")
    assert str(tmp_path).encode() not in b"".join(tree(other / "out").values())


def test_targets_are_chosen_by_flag_before_environment_before_project(project, run, monkeypatch):
    def folders() -> set[str]:
        return {p.name for p in (project / "out").iterdir() if p.is_dir()}

    monkeypatch.setenv("GWC_TARGET", "envoy")
    assert run("compile", "--target", "nginx,kong")[0] == 0
    assert folders() == {"nginx", "kong"}
    assert run("compile")[0] == 0
    assert folders() == {"envoy"}
    monkeypatch.delenv("GWC_TARGET")
    assert run("compile")[0] == 0
    assert folders() == {"nginx", "envoy", "kong"}


def test_out_is_chosen_by_flag_before_environment_before_project(project, run, monkeypatch):
    monkeypatch.setenv("GWC_OUT", "from-environment")
    run("compile", "--target", "nginx", "--out", "from-flag")
    assert (project / "from-flag").is_dir()
    assert not (project / "from-environment").exists()
    run("compile", "--target", "nginx")
    assert (project / "from-environment").is_dir()
    assert not (project / "out").exists()


def test_variables_and_environments(project, run):
    def issuer(*arguments: str) -> bool:
        assert run("compile", "--target", "envoy", *arguments)[0] == 0
        return "https://id.staging.example.com/" in (project / "out/envoy/envoy.json").read_text()

    assert not issuer()
    assert issuer("--env", "staging")
    assert issuer("--var", "idp=https://id.staging.example.com")
    assert not issuer("--env", "staging", "--var", "idp=https://id.example.com")
    assert run("compile", "--env", "nowhere")[0] == 2
    assert run("compile", "--var", "nonsense")[0] == 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("public: [getHealth]", "public: []", "GWC"),
        ("limit: 300", 'limit: "300"', "GWC022"),
        ("rateLimits:", "threats: {}\nrateLimits:", "GWC021"),
        ("rateLimits:", "ratelimits:", "GWC020"),
        ("openapi: openapi.yaml", "openapi: missing.yaml", "GWC001"),
    ],
)
def test_a_mistake_is_2_with_its_place_and_nothing_written(project, run, old, new, code):
    assert run("compile", "--target", "nginx")[0] == 0
    before = tree(project / "out")
    replace(project / "orders.gwc.yaml", old, new)
    result, out, err = run("compile", "--target", "nginx", "--format", "concise")
    assert result == 2
    assert code in out
    assert "orders.gwc.yaml:" in out or "openapi.yaml:" in out
    assert "nothing was written" in err
    assert tree(project / "out") == before


def refuse(_gateway: object) -> None:
    span = Span("orders.gwc.yaml", 12, 5)
    raise TargetProblems(
        "envoy",
        [Unenforceable(span, "listener_tls", "profile", "it can't", "use another"), Unenforceable(span, "jwt", "issuer", "nor that")],
    )


def test_what_a_target_can_not_enforce_is_4_and_stops_all_targets(project, run, monkeypatch):
    run("compile")
    before = tree(project / "out")
    replace(project / "orders.gwc.yaml", "limit: 300", "limit: 240")
    with monkeypatch.context() as patched:
        patched.setattr(envoy, "compile", refuse)
        code, out, err = run("compile", "--format", "concise")
        assert code == 4
        assert out.count("GWC901") == 2
        assert "envoy can't enforce listener_tls.profile: it can't" in out
        assert "nothing was written" in err
        assert tree(project / "out") == before
        assert run("compile", "--target", "nginx,kong")[0] == 0
    assert run("compile")[0] == 0


def test_bad_input_weighs_more_than_a_target(project, run, monkeypatch):
    monkeypatch.setattr(envoy, "compile", refuse)
    (project / "broken.gwc.yaml").write_text("kind: Policy\n")
    replace(project / "gwc.yaml", "policies: [orders.gwc.yaml]", "policies: [orders.gwc.yaml, broken.gwc.yaml]")
    assert run("compile")[0] == 2


def test_check_is_the_drift_gate(project, run):
    assert run("compile", "--check")[0] == 1  # nothing there yet
    assert not (project / "out").exists()
    run("compile")
    assert run("compile", "--check")[0] == 0
    (project / "out/nginx/nginx.conf").write_text("by hand")
    (project / "out/envoy/envoy.json").unlink()
    (project / "out/mine").write_text("")
    code, out, _ = run("compile", "--check", "--format", "concise")
    assert code == 1
    listed = [
        line.rpartition("out/")[0].strip().split(":")[0] + " " + line.rpartition("/out/")[2] for line in out.splitlines() if "/out/" in line
    ]
    assert {"changed nginx/nginx.conf", "added envoy/envoy.json", "removed mine"} <= set(listed)
    assert (project / "out/nginx/nginx.conf").read_text() == "by hand"


def test_check_sees_a_changed_policy(project, run):
    run("compile")
    replace(project / "orders.gwc.yaml", "limit: 300", "limit: 240")
    assert run("compile", "--check")[0] == 1
    run("compile")
    assert run("compile", "--check")[0] == 0


def test_foreign_files_stop_it_and_force_replaces_them(project, run):
    run("compile")
    (project / "out/mine").write_text("")
    replace(project / "orders.gwc.yaml", "limit: 300", "limit: 240")
    code, _, err = run("compile")
    assert code == 2
    assert "mine (not written by gwc)" in err
    assert run("compile", "--force")[0] == 0
    assert not (project / "out/mine").exists()


def test_the_sources_are_never_the_output(project, run):
    before = tree(project)
    for folder in (".", "..", project, project.parent):
        code, _, err = run("compile", "--force", "--out", folder)
        assert code == 2
        assert "output folder" in err
    assert tree(project) == before


def test_several_policies_have_folders_of_their_own(project, run):
    other = (project / "orders.gwc.yaml").read_text().replace("{name: orders,", "{name: second,")
    (project / "second.gwc.yaml").write_text(other)
    replace(project / "gwc.yaml", "policies: [orders.gwc.yaml]", "policies: [orders.gwc.yaml, second.gwc.yaml]")
    assert run("compile", "--target", "nginx")[0] == 0
    assert {"orders/nginx/nginx.conf", "second/nginx/nginx.conf", "gwc.manifest.json"} <= set(tree(project / "out"))
    # One of them alone would remove the other's output from the project's folder.
    code, _, err = run("compile", "second.gwc.yaml", "--target", "nginx")
    assert code == 2
    assert "--out" in err
    assert run("compile", "second.gwc.yaml", "--target", "nginx", "--out", "alone")[0] == 0
    assert "nginx/nginx.conf" in tree(project / "alone")


def test_two_policies_of_one_name_are_refused(project, run):
    shutil.copy(project / "orders.gwc.yaml", project / "copy.gwc.yaml")
    code, _, err = run("compile", "orders.gwc.yaml", "copy.gwc.yaml", "--out", "both")
    assert code == 2
    assert "'orders'" in err


def test_nothing_to_compile_is_3(project, run, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("compile", empty)[0] == 3
    monkeypatch.chdir(empty)
    assert run("compile")[0] == 3
    assert list(empty.iterdir()) == []


def test_usage_errors_are_2(project, run):
    assert run("compile", "--target", "apache")[0] == 2
    assert run("compile", "missing.gwc.yaml")[0] == 2
    assert run("compile", "openapi.yaml", "--out", "x")[0] == 2
    assert not (project / "out").exists()
    assert not (project / "x").exists()


def test_a_broken_project_is_2_with_its_place(project, run):
    replace(project / "gwc.yaml", "targets:", "target:")
    for arguments in (("compile",), ("compile", "."), ("compile", "orders.gwc.yaml"), ("lint",), ("explain", "GET /v1/health")):
        code, out, _ = run(*arguments)
        assert code == 2
        assert "gwc.yaml:" in out


def test_a_policy_without_project_goes_to_out(project, run):
    (project / "gwc.yaml").unlink()
    assert run("compile", "orders.gwc.yaml")[0] == 0
    assert {p.name for p in (project / "out").iterdir()} == {"nginx", "envoy", "kong", "gwc.manifest.json"}


def test_a_policy_that_leads_out_of_the_project_is_refused(project, run, tmp_path):
    (tmp_path / "outside.gwc.yaml").write_text((project / "orders.gwc.yaml").read_text())
    replace(project / "gwc.yaml", "policies: [orders.gwc.yaml]", "policies: [../outside.gwc.yaml]")
    assert run("compile")[0] == 2
    assert not (project / "out").exists()


def test_an_interrupted_compile_leaves_the_old_output(project, run, monkeypatch):
    run("compile", "--target", "envoy")
    before = tree(project / "out")

    def interrupted(_gateway: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(envoy, "compile", interrupted)
    assert main(["compile", "--target", "envoy"]) == 130
    assert tree(project / "out") == before


def test_the_error_of_a_backend_is_5(project, run, monkeypatch):
    def broken(_gateway: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(envoy, "compile", broken)
    code, _, err = run("compile")
    assert code == 5
    assert "secret" not in err
    assert not (project / "out").exists()
