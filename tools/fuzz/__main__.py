"""`make fuzz`: random inputs for so many seconds per target. Faults are written to build/fuzz/, and end it with 1.

python -m tools.fuzz [--seconds N] [--seed N] [TARGET]...
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tools.fuzz.target import fuzz, keep
from tools.fuzz.targets import TARGETS

FAULTS = Path(__file__).resolve().parents[2] / "build" / "fuzz"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the gateways are stopped then, too
    bad = 0
    for name in options.targets or TARGETS:
        with tempfile.TemporaryDirectory(prefix="gwc-fuzz-") as folder:
            result = fuzz(TARGETS[name], Path(folder), seed=options.seed, seconds=options.seconds)
        row = {"target": name, "seed": options.seed, "inputs": result.inputs, **result.outcomes, "slowest_s": round(result.slowest_s, 2)}
        print(json.dumps({**row, "faults": sorted(result.faults)}), flush=True)
        for path in keep(result, name, FAULTS):
            print(f"  {path}", file=sys.stderr)
        bad += len(result.faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
