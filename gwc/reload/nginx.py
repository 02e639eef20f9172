"""Reload of a running NGINX: `nginx -t` on the new files, all files swapped in one step, SIGHUP, and new workers seen.

`-t` misses what only the running master knows, such as a shared zone that had another key or an address that somebody else listens on: then
the old workers stay, and the old files are put back.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from gwc.backends.base import Output
from gwc.reload import placing
from gwc.reload.master import replace_workers
from gwc.reload.outcome import Rejected

CHECK_S = 60.0
Command = Callable[[Path], list[str]]
"""The command that starts the gateway on the files of a folder."""


def reload(folder: Path, master: int, output: Output, command: Command) -> None:
    """Returns when every new connection is judged by `output`; connections from before end as `worker_shutdown_timeout` says.

    `folder`: the prefix of the running NGINX, with its complaints in `stderr`. Raises Rejected.
    """
    check(folder, output, command)
    before = placing.place(folder, output.files)
    try:
        replace_workers(master, folder / "stderr")
    except Rejected:
        placing.put_back(folder, before)
        raise


def check(folder: Path, output: Output, command: Command) -> None:
    """`nginx -t` in a folder of its own, which is removed: the check leaves a pid and folders behind. Raises Rejected."""
    scratch = Path(tempfile.mkdtemp(prefix=".gwc-check-", dir=folder))
    try:
        for name, data in output.files.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).write_bytes(data)
        done = subprocess.run([*command(scratch), "-t"], capture_output=True, cwd=scratch, timeout=CHECK_S, check=False)  # noqa: S603
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode:
        raise Rejected(done.stderr.decode("utf-8", "replace").replace(f"{scratch}/", ""))
