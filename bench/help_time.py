"""CPU of `gwc --help` beside `python -c "import click"`."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from bench.compile_time import run


def measure(rounds: int = 15) -> dict[str, float]:
    """Medians of both and of the ratio, round by round."""
    here = Path.cwd()
    pairs = []
    for _ in range(rounds + 1):
        ours = run([sys.executable, "-m", "gwc", "--help"], here)
        base = run([sys.executable, "-c", "import click"], here)
        if ours.code or base.code:
            raise RuntimeError("a process failed")
        pairs.append((ours.cpu_s, base.cpu_s))
    pairs = pairs[1:]
    return {
        "help_ms": round(1000 * median(a for a, _ in pairs), 1),
        "import_click_ms": round(1000 * median(b for _, b in pairs), 1),
        "ratio": round(median(a / b for a, b in pairs), 2),
    }
