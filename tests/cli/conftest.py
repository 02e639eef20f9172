"""A project to work on: a copy of the orders example."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gwc.cli import main

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "orders"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The current folder, with `gwc.yaml` in it; nothing of the developer's environment has a say."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("out"))
    monkeypatch.chdir(folder)
    for name in ("GWC_TARGET", "GWC_OUT", "GWC_FORMAT", "GWC_ENV", "GWC_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def run(capsys) -> Run:
    """Runs gwc in this process: (exit code, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
