"""What a fuzz target is, and the loop that runs one for a number of seconds or of inputs."""

from __future__ import annotations

import hashlib
import random
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 20
"""Seconds of CPU: an input that takes more is a fault, too."""


class TooSlow(Exception):  # noqa: N818 - names the fact
    """An input was not finished within LIMIT_S of CPU."""


@dataclass(frozen=True, slots=True)
class Target:
    """`make` gives an input for a generator; `run` says what came of it in a word, and raises where it should not.

    `folder`: where it may write; it is emptied by nobody, so `run` overwrites.
    """

    name: str
    make: Callable[[random.Random], bytes]
    run: Callable[[bytes, Path], str]


@dataclass
class Result:
    """`outcomes`: word -> number of inputs; `slowest_s`: CPU. `faults`: place in the code -> the first input that ended there, and how."""

    inputs: int = 0
    slowest_s: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)
    faults: dict[str, tuple[bytes, str]] = field(default_factory=dict)


def fuzz(target: Target, folder: Path, *, seed: int, seconds: float = 1e9, inputs: int = 10**9) -> Result:
    """Runs random inputs. The same seed gives the same inputs, whatever they lead to."""
    result = Result()
    ends = time.monotonic() + seconds
    while result.inputs < inputs and time.monotonic() < ends:
        data = target.make(random.Random(f"{target.name}:{seed}:{result.inputs}"))
        _one(target, data, folder, result)
        result.inputs += 1
    return result


def _one(target: Target, data: bytes, folder: Path, result: Result) -> None:
    started = time.process_time()
    try:
        with _limited():
            outcome = target.run(data, folder)
    except Exception as e:  # noqa: BLE001 - to find these is what it is for
        frame = traceback.extract_tb(e.__traceback__)[-1]
        words = re.sub(r"[0-9]+", "N", str(e))[:70] if isinstance(e, AssertionError) else ""
        place = f"{type(e).__name__} at {Path(frame.filename).name}:{frame.lineno} {words}".rstrip()
        result.faults.setdefault(place, (data, "".join(traceback.format_exception(e)[-6:])))
        outcome = "FAULT"
    result.outcomes[outcome] = result.outcomes.get(outcome, 0) + 1
    result.slowest_s = max(result.slowest_s, time.process_time() - started)


@contextmanager
def _limited() -> Iterator[None]:
    def expired(*_: object) -> None:
        raise TooSlow

    previous = signal.signal(signal.SIGPROF, expired)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def keep(result: Result, name: str, folder: Path) -> list[Path]:
    """Writes the input and the end of each fault; returns the paths of the inputs."""
    kept = []
    for place, (data, words) in result.faults.items():
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{place}\n{words}", encoding="utf-8")
        kept.append(path)
    return kept
