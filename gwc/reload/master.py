"""The workers of a running NGINX, also of the one inside Kong, and the signal that replaces them.

The master answers nothing. What it did is seen in its children: with files that it can't use it keeps the workers it has; else it starts new
ones and tells the old ones to end, from when on these accept no connection.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from gwc.reload.outcome import Rejected

WAIT_S = 20.0
"""For new workers. A master tries five times, half a second each, to listen on an address that is taken."""
_POLL_S = 0.02
_ENDING = b"is shutting down"


def workers(master: int) -> frozenset[int]:
    """The children that accept connections: none of them was told to end."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        return frozenset(int(child) for child in children if _accepts(int(child)))
    return frozenset()


def _accepts(worker: int) -> bool:
    try:
        title = Path(f"/proc/{worker}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return title.startswith(b"nginx: worker process") and _ENDING not in title


def replace_workers(master: int, log: Path) -> None:
    """Sends SIGHUP; when it returns, every new connection is judged by the new files. `log`: where the master complains.

    Raises Rejected when the old workers stay.
    """
    old, start = workers(master), log.stat().st_size
    if not old:
        raise Rejected(f"process {master} is no NGINX with workers")
    os.kill(master, signal.SIGHUP)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        now = workers(master)
        if now and not now & old:
            return
        if refused := _refusal(log, start):
            raise Rejected(refused)
        time.sleep(_POLL_S)
    raise Rejected(f"no new workers within {WAIT_S:.0f} s")


def _refusal(log: Path, start: int) -> str:
    """What the master says when it goes on as before. That it can't listen is `[emerg]` at each attempt, of which others may follow."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(line for line in lines if "[emerg]" in line and "bind() to" not in line)
