"""One writer at a time for an output folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gwc.output.errors import OutputError

_POLL_S = 0.05


@contextmanager
def held(path: Path, wait_s: float) -> Iterator[None]:
    """Holds the lock file `path`; the kernel lets go of it when the process dies, however it dies. The file is gone afterwards.

    Raises OutputError when another process still holds it after `wait_s` seconds.
    """
    descriptor = _acquire(path, time.monotonic() + wait_s)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path: Path, deadline_s: float) -> int:
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if _lock(descriptor) and _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)
        if time.monotonic() >= deadline_s:
            raise OutputError(f"another gwc is writing here (it holds {path}): try again when it has finished")
        time.sleep(_POLL_S)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that the name leads to: the holder before us has removed its file."""
    try:
        named = path.lstat()
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)
