"""`make` needs nothing but a Python with ensurepip or pip; without both it says what to install."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_venv.py"


@pytest.fixture
def make_venv():
    spec = importlib.util.spec_from_file_location("make_venv", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path) -> Path:
    """A wheel made by hand: nothing has to be built or fetched."""
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    info = {
        "METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "tiny.py,,\ntiny-1.dist-info/METADATA,,\ntiny-1.dist-info/WHEEL,,\ntiny-1.dist-info/RECORD,,\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "")
        for name, text in info.items():
            archive.writestr(f"tiny-1.dist-info/{name}", text)
    return wheel


@pytest.mark.parametrize("has_ensurepip", [True, False])
def test_installs_with_ensurepip_or_with_the_pip_that_is_there(make_venv, package, tmp_path, monkeypatch, has_ensurepip):
    if has_ensurepip and not make_venv.has_ensurepip():
        pytest.skip("this Python has no ensurepip")
    if not has_ensurepip:
        monkeypatch.setattr(make_venv, "has_ensurepip", lambda: False)
    folder = tmp_path / "venv"
    assert make_venv.main([str(folder), str(package)]) == 0
    assert (folder / ".complete").exists()
    assert (folder / "bin" / "pip").exists() == has_ensurepip
    assert subprocess.run([folder / "bin/python", "-c", "import tiny"], check=False).returncode == 0


def test_repairs_a_broken_environment(make_venv, package, tmp_path):
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("#!/bin/false\n")
    (folder / "bin" / "python").chmod(0o755)
    assert make_venv.main([str(folder), str(package)]) == 0


def test_a_failed_installation_is_not_complete(make_venv, tmp_path):
    assert make_venv.main([str(tmp_path / "venv"), str(tmp_path / "missing.whl")]) != 0
    assert not (tmp_path / "venv" / ".complete").exists()


@pytest.mark.skipif(not shutil.which("apt-get") and os.environ.get("CI") != "true", reason="needs Debian's apt-get")
def test_takes_pip_from_debian_when_there_is_none(make_venv, package, tmp_path, monkeypatch):
    monkeypatch.setattr(make_venv, "has_ensurepip", lambda: False)
    monkeypatch.setattr(make_venv, "find_spec", lambda _: None)
    folder = tmp_path / "venv"
    assert make_venv.main([str(folder), str(package)]) == 0
    assert (folder / "bin" / "pip").exists()
    assert subprocess.run([folder / "bin/python", "-c", "import tiny"], check=False).returncode == 0


def test_says_what_to_install(make_venv, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_venv, "has_ensurepip", lambda: False)
    monkeypatch.setattr(make_venv, "find_spec", lambda _: None)
    monkeypatch.setattr(make_venv.shutil, "which", lambda _: None)
    assert make_venv.main([str(tmp_path / "venv"), "x"]) == 2
    assert not (tmp_path / "venv").exists()
    assert "apt-get install python3-venv" in capsys.readouterr().err
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    assert make_venv.main([str(tmp_path / "venv"), "x"]) == 2
    assert "3.11" in capsys.readouterr().err
