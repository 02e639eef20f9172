"""Replaces one file in one step, for one writer at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gwc.output.errors import OutputError
from gwc.output.lock import held
from gwc.output.names import Names
from gwc.output.tree import sync_folder

_LOCK_WAIT_S = 10.0


@contextmanager
def alone(path: Path, wait_s: float = _LOCK_WAIT_S) -> Iterator[None]:
    """Keeps other runs of gwc from changing the file. Raises OutputError, also for what is no regular file with this very name."""
    with ExitStack() as stack:
        try:
            _require_regular(path)
            stack.enter_context(held(Names(path).lock, wait_s))
        except OSError as error:
            raise _explained(path, error) from None
        yield


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Makes `after` the content of the file, which still has to be `before`: whoever reads it finds the one or the other.

    Mode and owner stay. Raises OutputError with nothing changed.
    """
    try:
        _replace(path, before, after)
    except OSError as error:
        raise _explained(path, error) from None


def _replace(path: Path, before: bytes, after: bytes) -> None:
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path} is write-protected")
    staged = Names(path).staged()
    try:
        _write(staged, after, path.stat())
        _require_regular(path)
        if path.read_bytes() != before:
            raise OutputError(f"{path} was changed by somebody else meanwhile: try again")
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    with suppress(OSError):  # the file is replaced: only a power cut could still bring the old one back
        sync_folder(path.parent)


def _write(staged: Path, content: bytes, like: os.stat_result) -> None:
    descriptor = os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        file.flush()
        os.fsync(descriptor)


def _require_regular(path: Path) -> None:
    """A symlink would be replaced by a file, or lead to one that somebody else chose."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise OutputError(f"{path} is a symlink: name the file that it leads to")
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path} is no regular file")


def _explained(path: Path, error: OSError) -> OutputError:
    place = f"{error.filename}: " if error.filename and str(error.filename) != str(path) else ""
    return OutputError(f"{path} can't be changed: {place}{error.strerror or error}")
