"""Reload of a running Kong: `kong config parse` on the new files, all files swapped in one step, `kong reload`, and new workers seen.

`kong reload` says `Kong reloaded` and ends with 0 also when Kong could use none of the files: then the workers stay that were there. What is left,
files of two builds, the plugin refuses itself: it compares the digest in kong.yml with its own and answers 500 to everything; a probe tells.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gwc.reload import placing
from gwc.reload.master import WAIT_S, workers
from gwc.reload.outcome import Rejected

COMMAND_S = 120.0
_BROKEN = 500
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class KongReload:
    """A running Kong. `folder`: where its files lie, as its kong.conf says; `settings`: the file that it was started with, below `folder`.

    `command`: the `kong` command; `probe`: the status of the answer to any request, on a new connection.
    """

    folder: Path
    prefix: Path
    command: Sequence[str]
    probe: Callable[[], int]
    settings: str = "kong.conf"
    environment: Mapping[str, str] = field(default_factory=dict)

    def reload(self, files: Mapping[str, bytes]) -> None:
        """Returns when every new connection is judged by the files. Raises Rejected."""
        self._check(files)
        before = placing.place(self.folder, files)
        try:
            self._replace()
        except Rejected:
            placing.put_back(self.folder, before)
            raise
        if self.probe() == _BROKEN:
            placing.put_back(self.folder, before)
            self._replace()
            raise Rejected("Kong took the files and refused everything: kong.yml and the plugin are not of one build")

    def _check(self, files: Mapping[str, bytes]) -> None:
        """In a folder of its own, which the settings name instead."""
        scratch = Path(tempfile.mkdtemp(prefix=".gwc-check-", dir=self.folder))
        try:
            for name, data in files.items():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                moved = data.replace(f" {self.folder}/".encode(), f" {scratch}/".encode()) if name == self.settings else data
                (scratch / name).write_bytes(moved)
            done = self._run("config", "parse", str(scratch / "kong.yml"), "-c", str(scratch / self.settings))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if done.returncode:
            raise Rejected(f"kong config parse: {done.stdout}{done.stderr}".replace(f"{scratch}/", ""))

    def _replace(self) -> None:
        master = int((self.prefix / "pids" / "nginx.pid").read_text(encoding="ascii"))
        old = workers(master)
        done = self._run("reload", "-c", str(self.folder / self.settings))
        if done.returncode:
            raise Rejected(f"kong reload: {done.stdout}{done.stderr}")
        if not _are_replaced(master, old):
            raise Rejected("kong reload said that it succeeded, but the old workers serve on: see Kong's error log")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(  # noqa: S603
            [*self.command, *arguments], capture_output=True, text=True, env=environment, timeout=COMMAND_S, check=False
        )


def _are_replaced(master: int, old: frozenset[int]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        now = workers(master)
        if now and not now & old:
            return True
        time.sleep(_POLL_S)
    return False
