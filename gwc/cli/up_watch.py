"""`gwc up --watch`: a change of any file that the policy is made of is taken into the running gateways, or shown and left out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gwc.backends.base import Output, TargetProblems
from gwc.cli.console import tell
from gwc.cli.failure import Failure
from gwc.cli.findings import Shown, of_target
from gwc.ir import Gateway
from gwc.local.playground import Playground
from gwc.local.processes import Running
from gwc.reload.outcome import NeedsRestart, Rejected
from gwc.source import Workspace

_POLL_S = 0.25
"""Twice as long must pass without a change: editors write in several steps."""
_KEPT = "the policy from before serves on"
Stamps = Mapping[Path, tuple[int, int] | None]


@dataclass(slots=True)
class Watch:
    """`load`: the policy anew, None after findings that it has shown. `files`: what to look at; grows with what a later policy reads."""

    playing: Playground
    load: Callable[[], tuple[Workspace, Gateway | None]]
    files: frozenset[Path]

    def run(self, stopped: threading.Event, ends_after_s: float | None) -> None:
        """Returns when `stopped` is set, or after this time."""
        deadline = time.monotonic() + ends_after_s if ends_after_s else None
        taken = before = _stamps(self.files)
        while not stopped.wait(_POLL_S) and (deadline is None or time.monotonic() < deadline):
            now = _stamps(self.files)
            if now != taken and now == before:
                self._take()
                taken = {**_stamps(self.files), **now}
            before = now

    def _take(self) -> None:
        try:
            workspace, gateway = self.load()
        except Failure as failure:
            tell(f"{failure}: {_KEPT}")
            return
        self.files |= inputs(workspace)
        outputs = self._compiled(gateway, workspace) if gateway else None
        if outputs is None:
            tell(_KEPT)
            return
        for running, output in outputs:
            self._reload(running, output)

    def _compiled(self, gateway: Gateway, workspace: Workspace) -> list[tuple[Running, Output]] | None:
        """For all gateways before any gets one; None after a finding."""
        try:
            return [(running, self.playing.compiled(running, gateway)) for running in self.playing.running]
        except TargetProblems as problems:
            shown = Shown()
            shown.add(of_target(problems), workspace)
            shown.show("full")
        except NeedsRestart as why:
            tell(f"start gwc up again: {why}")
        return None

    def _reload(self, running: Running, output: Output) -> None:
        try:
            self.playing.reload(running, output)
        except (NeedsRestart, Rejected) as why:
            tell(f"{running.name}: {why}\n{running.name}: {_KEPT}")
        else:
            tell(f"{running.name}: the new policy serves")


def inputs(workspace: Workspace, *more: Path) -> frozenset[Path]:
    """The files that were read, and `more`."""
    return frozenset({*(workspace.root / name for name in workspace.digests()), *more})


def _stamps(files: Iterable[Path]) -> Stamps:
    """When each file was changed, and its size; None: it is not there."""
    found: dict[Path, tuple[int, int] | None] = {}
    for path in files:
        try:
            status = path.stat()
        except OSError:
            found[path] = None
        else:
            found[path] = (status.st_mtime_ns, status.st_size)
    return found
