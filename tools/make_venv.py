"""`python3 tools/make_venv.py <folder> <requirement> [--editable]`: a virtual environment with this project in it.

Debian's python3 may come without ensurepip (package python3-venv) and without pip. With ensurepip, `venv` does all of it;
with a pip of the system, that one fills an environment without pip; with neither, the wheel of pip is taken out of the
Debian package that holds it, which apt-get downloads into the environment without root and without installing anything.
Only the standard library is used here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from importlib.util import find_spec
from pathlib import Path

HELP = """this Python can't make virtual environments: neither ensurepip nor pip is there, and no apt-get to get one with.
On Debian and Ubuntu: apt-get install python3-venv
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
            shutil.rmtree(folder, ignore_errors=True)
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
    """Whether an environment is there that runs and can be filled: not after its Python was upgraded or the folder was moved."""
    python = folder / "bin" / "python"
    if not (folder / "bin" / "pip").exists() and find_spec("pip") is None:
        return False
    return python.exists() and subprocess.run([python, "-c", ""], check=False).returncode == 0


def make(folder: Path) -> bool:
    if has_ensurepip():
        venv.create(folder, with_pip=True)
        return True
    if find_spec("pip") is None and not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return False
    venv.create(folder, with_pip=False)
    return find_spec("pip") is not None or bootstrap(folder)


def bootstrap(folder: Path) -> bool:
    """Installs pip with the wheel of Debian's package python3-pip-whl; apt-get keeps its state in the environment."""
    print("this Python has neither ensurepip nor pip: taking pip from Debian's package python3-pip-whl", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name).resolve()
        for part in ("state/lists/partial", "cache/archives/partial", "content"):
            (here / part).mkdir(parents=True)
        options = [f"Dir::State={here}/state", f"Dir::Cache={here}/cache", "Dir::State::status=/var/lib/dpkg/status"]
        # apt drops to the user _apt, who may not enter this folder; without root it stays who it is
        options.append("APT::Sandbox::User=root")
        apt = ["apt-get", "--quiet=2", *(word for option in options for word in ("-o", option))]
        for command in ([*apt, "update"], [*apt, "download", "python3-pip-whl"]):
            if subprocess.run(command, cwd=here, check=False).returncode:
                return False
        for package in here.glob("python3-pip-whl_*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, here / "content"], check=True)
        wheels = sorted((here / "content").rglob("pip-*.whl"))
        return (
            bool(wheels)
            and subprocess.run([folder / "bin" / "python", wheels[-1] / "pip", "install", "--quiet", "pip"], check=False).returncode == 0
        )


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
