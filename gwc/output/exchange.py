"""Atomic renames that Python's `os` lacks: renameat2(2) of Linux, called through ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
# Old kernels, other C libraries and file systems without the flag (NFS, some FUSE) answer with one of these.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})


class ExchangeUnsupported(Exception):  # noqa: N818 - names the fact
    """The kernel, C library or file system can't do it; nothing happened."""


def exchange(one: Path, other: Path) -> None:
    """Swaps two existing names in one step: at no moment is one of them missing. Raises ExchangeUnsupported or OSError."""
    _renameat2(one, other, _RENAME_EXCHANGE)


def rename_new(source: Path, target: Path) -> None:
    """Renames unless `target` exists, in one step. Raises ExchangeUnsupported or OSError."""
    _renameat2(source, target, _RENAME_NOREPLACE)


def _renameat2(source: Path, target: Path, flags: int) -> None:
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError) as missing:
        raise ExchangeUnsupported from missing
    if function(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flags) == 0:
        return
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        raise ExchangeUnsupported(os.strerror(code))
    raise OSError(code, os.strerror(code), str(source), None, str(target))
