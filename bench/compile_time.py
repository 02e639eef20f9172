"""CPU and peak memory of a whole compile of a large document, beside `python -m openapi_spec_validator` on the same file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.minimal_policy import put


@dataclass(frozen=True, slots=True)
class Usage:
    """What the operating system accounts to one finished process and its children."""

    cpu_s: float
    peak_mib: float
    code: int


def run(command: Sequence[str], cwd: Path) -> Usage:
    """Runs the command to its end."""
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode)


def measure(document: Path, rounds: int = 3) -> dict[str, object]:
    """Medians over interleaved rounds. Raises RuntimeError when a process fails or writes something else than expected."""
    ours: list[Usage] = []
    theirs: list[Usage] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policy = put(document, folder)
        for i in range(rounds):
            out = folder / f"out{i}"
            compile_all = [sys.executable, "-m", "gwc", "compile", policy.name, "--target", "nginx,envoy,kong", "--out", str(out)]
            ours.append(good(run(compile_all, folder), "gwc compile"))
            _check(out)
            theirs.append(good(run([sys.executable, "-m", "openapi_spec_validator", document.name], folder), "openapi_spec_validator"))
    cpu = [a.cpu_s / b.cpu_s for a, b in zip(ours, theirs, strict=True)]
    return {
        "document": document.name,
        "gwc_cpu_s": round(median(u.cpu_s for u in ours), 2),
        "openapi_spec_validator_cpu_s": round(median(u.cpu_s for u in theirs), 2),
        "cpu_ratio": round(median(cpu), 3),
        "gwc_peak_mib": round(max(u.peak_mib for u in ours), 1),
    }


def good(usage: Usage, what: str) -> Usage:
    """The usage of a process that ended well; RuntimeError otherwise."""
    if usage.code:
        raise RuntimeError(f"{what} ended with {usage.code}")
    return usage


def _check(out: Path) -> None:
    manifest = json.loads((out / "gwc.manifest.json").read_text(encoding="utf-8"))
    for target in ("nginx", "envoy", "kong"):
        if not any(str(path).startswith(f"{target}/") for path in manifest["files"]):
            raise RuntimeError(f"nothing was written for {target}")
