"""`gwc --help` is quick because it loads nothing: the commands are modules that are imported when they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gwc import __version__
from gwc.cli.group import COMMANDS, LATER

_HEAVY = (
    "pydantic",
    "yaml",
    "jinja2",
    "jsonschema",
    "jsonschema_rs",
    "openapi_spec_validator",
    "httpx",
    "cryptography",
    "asyncio",
    "ssl",
    "json",
)


def modules_after(*arguments: str) -> set[str]:
    """Top-level modules that are loaded when `gwc <arguments>` ends."""
    code = "import sys\nfrom gwc.cli import main\nmain(sys.argv[1:])\nprint('MODULES', *{m for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("init",)])
def test_the_table_of_commands_loads_click_and_nothing_heavier(arguments):
    loaded = modules_after(*arguments)
    assert "click" in loaded
    assert not loaded & set(_HEAVY)
    ours = {m for m in loaded if m.startswith("gwc")}
    assert ours <= {"gwc", "gwc.cli", "gwc.cli.guard", "gwc.cli.group", "gwc.cli.exit_codes", "gwc.cli.failure"}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_no_machinery(command):
    loaded = modules_after(command, "--help")
    assert not loaded & (set(_HEAVY) - {"json"})
    assert "gwc.lowering" not in loaded


def test_help_lists_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"  {name} " in out for name in COMMANDS)
    for name in COMMANDS:
        code, out, _ = run(name, "--help")
        assert code == 0
        assert out.startswith(f"Usage: gwc {name}")


def test_version(run):
    assert run("--version") == (0, f"gwc {__version__}\n", "")


@pytest.mark.parametrize("command", sorted(LATER))
def test_commands_of_later_versions_are_refused_by_name(run, command):
    code, out, err = run(command, "whatever")
    assert (code, out) == (2, "")
    assert err == f"gwc: the command {command!r} is not yet supported by gwc {__version__}\n"


def test_unknown_commands_and_options_are_usage_errors(run):
    for arguments in (("nonsense",), ("compile", "--nonsense"), ("lint", "--format", "nonsense"), ("up", "--port", "0")):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert "gwc" in err
