"""Whatever happens, the exit code tells it, and an internal error shows no text that could hold a secret."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from gwc.cli import group


@pytest.fixture
def command(monkeypatch):
    """Makes `gwc schema` do something else."""

    def becomes(action):
        monkeypatch.setattr("gwc.cli.schema.schema_text", lambda _kind: action())

    assert "schema" in group.COMMANDS
    return becomes


def failing():
    secret = "s3cr3t"
    raise RuntimeError(f"the key is {secret}")


def test_an_internal_error_is_5_without_its_text(run, command, monkeypatch):
    monkeypatch.delenv("GWC_DEBUG", raising=False)
    command(failing)
    code, out, err = run("schema")
    assert (code, out) == (5, "")
    assert err.startswith("gwc: internal error: RuntimeError at gwc.cli.schema:")
    assert "s3cr3t" not in err
    assert "Traceback" not in err


def test_debugging_shows_the_traceback(run, command, monkeypatch):
    monkeypatch.setenv("GWC_DEBUG", "1")
    command(failing)
    code, _, err = run("schema")
    assert code == 5
    assert "Traceback" in err


def test_an_interrupt_is_130(run, command):
    def interrupted():
        raise KeyboardInterrupt

    command(interrupted)
    assert run("schema") == (130, "", "")


def test_recursion_and_memory_errors_are_internal_errors(run, command):
    def deep():
        return deep()

    command(deep)
    assert run("schema")[0] == 5


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    script = (
        f"{sys.executable} -c 'import sys; from gwc.cli import main; sys.exit(main([\"schema\"] ))' | head -c 10; exit ${{PIPESTATUS[0]}}"
    )
    for _ in range(3):
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode in (0, 141)
        assert done.stderr == ""
        assert len(done.stdout) == 10


def test_characters_that_the_terminal_lacks_are_escaped(tmp_path):
    (tmp_path / "ü.gwc.yaml").write_text("kind: Pölicy\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "gwc", "lint", "ü.gwc.yaml"], capture_output=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 2
    assert b"internal error" not in done.stderr
    assert b"\\xfc.gwc.yaml" in done.stdout


def test_ctrl_c_ends_up_quickly(project):
    process = subprocess.Popen(
        [sys.executable, "-m", "gwc", "up", "--target", "nginx"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("nginx: https://orders.example.com:"), process.stderr.read()
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert time.monotonic() - start < 10
    finally:
        process.kill()
        process.communicate()
