"""`python3 tools/make_venv.py <folder> <requirement> [--editable]`: a virtual environment with this project in it.

Debian's python3 may come without ensurepip (package python3-venv) and without pip. With ensurepip, `venv` does all of it;
with a pip of the system, that one fills an environment without pip; with neither there is nothing to install with, and
the message names the one package that is missing. Only the standard library is used here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

HELP = """this Python can't make virtual environments: neither ensurepip nor pip is there. On Debian and Ubuntu:
    apt-get install python3-venv
"""
MINIMUM = (3, 11)


def main(arguments: list[str]) -> int:
    folder, requirement = Path(arguments[0]), arguments[1]
    if sys.version_info < MINIMUM:
        print(
            f"Python {'.'.join(map(str, MINIMUM))} or later is needed; this is {sys.version.split()[0]} (make PYTHON=...)", file=sys.stderr
        )
        return 2
    if not is_usable(folder):
        shutil.rmtree(folder, ignore_errors=True)
        if not make(folder):
            print(HELP, file=sys.stderr)
            return 2
    command = [*pip(folder), "install", "--disable-pip-version-check", "--no-warn-script-location", "--quiet"]
    command += ["--editable", requirement] if "--editable" in arguments else [requirement]
    print(f"installing {requirement} into {folder}", file=sys.stderr)
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        (folder / ".complete").touch()
    return code


def is_usable(folder: Path) -> bool:
    """Whether an environment is there that runs: it does not after its Python was upgraded or the folder was moved."""
    python = folder / "bin" / "python"
    return python.exists() and subprocess.run([python, "-c", ""], check=False).returncode == 0


def make(folder: Path) -> bool:
    if has_ensurepip():
        venv.create(folder, with_pip=True)
        return True
    if find_spec("pip") is not None:
        venv.create(folder, with_pip=False)
        return True
    return False


def has_ensurepip() -> bool:
    """Debian removes the bundled wheels, not only the module: ask it."""
    if find_spec("ensurepip") is None:
        return False
    return subprocess.run([sys.executable, "-m", "ensurepip", "--version"], check=False, capture_output=True).returncode == 0


def pip(folder: Path) -> list[str]:
    own = folder / "bin" / "pip"
    python = str(folder / "bin" / "python")
    return [python, "-m", "pip"] if own.exists() else [sys.executable, "-m", "pip", "--python", python]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
