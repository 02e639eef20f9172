"""The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit from a git repository made here.

pre-commit clones the hook repository and installs gwc from it with pip (`language: python`), as it does for users.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLE
from tests.cli.test_compile import replace

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("gwc", "schemas", "templates", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_all(folder: Path) -> str:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory) -> tuple[Path, str]:
    """A git repository with what this one ships, and its commit."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder, commit_all(folder)


def test_both_hooks_pass_and_fail_on_a_real_repository(hooks, tmp_path):
    folder = tmp_path / "user"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out"))
    subprocess.run([sys.executable, "-m", "gwc", "compile"], cwd=folder, check=True, capture_output=True)
    ids = "".join(f"      - id: {name}\n" for name in ("gwc-lint", "gwc-compile-check"))
    (folder / ".pre-commit-config.yaml").write_text(f"repos:\n  - repo: {hooks[0]}\n    rev: {hooks[1]}\n    hooks:\n{ids}")
    commit_all(folder)

    def run() -> tuple[int, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("GWC_", "GIT_"))}
        environment["PRE_COMMIT_HOME"] = str(tmp_path / "cache")
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=570)
        return done.returncode, done.stdout + done.stderr

    code, text = run()
    assert code == 0, text
    assert text.count("Passed") == 2

    replace(folder / "orders.gwc.yaml", "limit: 300", "limit: 240")  # a good policy, but the output is another's
    code, text = run()
    assert code == 1
    assert "gwc lint" in text
    assert text.count("Passed") == 1
    assert "changed: out/" in text.replace(str(folder) + "/", "")

    replace(folder / "orders.gwc.yaml", "limit: 240", 'limit: "240"')
    code, text = run()
    assert code == 1
    assert text.count("Failed") == 2
    assert "GWC022" in text


@pytest.mark.parametrize(
    ("command", "name"), [("validate-manifest", ".pre-commit-hooks.yaml"), ("validate-config", ".pre-commit-config.yaml")]
)
def test_pre_commit_takes_the_files(command, name):
    done = subprocess.run([sys.executable, "-m", "pre_commit", command, ROOT / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
