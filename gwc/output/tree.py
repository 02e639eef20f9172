"""Trees of files: what is in a folder, and writing one so that it survives a power cut."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

Files = Mapping[str, bytes]
"""Content by path relative to the folder, `/` as separator."""


def digest(content: bytes) -> str:
    """As it stands in the manifest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def entries(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below `folder` that is not a folder, with its relative path, sorted folder by folder; symlinks are never followed."""
    pending = [("", folder)]
    while pending:
        prefix, current = pending.pop()
        with os.scandir(current) as found:
            listed = sorted(found, key=lambda e: e.name)
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                pending.append((f"{prefix}{entry.name}/", Path(entry.path)))
            else:
                yield f"{prefix}{entry.name}", entry


def read(entry: os.DirEntry[str]) -> bytes | None:
    """The bytes of a regular file; None for a symlink, device, socket or FIFO, which are never opened."""
    return Path(entry.path).read_bytes() if entry.is_file(follow_symlinks=False) else None


def write(folder: Path, files: Files) -> None:
    """Makes `folder`, which must not exist, with exactly these files; all of it is on the disk afterwards."""
    folder.mkdir()
    made = {folder}
    for path in sorted(files):
        _require_inside(path)
        target = folder / path
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            if folder / parent not in made:
                (folder / parent).mkdir()
                made.add(folder / parent)
        _write_file(target, files[path])
    for each in made:
        sync_folder(each)


def sync_folder(folder: Path) -> None:
    """Names made, renamed or removed in the folder are on the disk afterwards."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_file(target: Path, content: bytes) -> None:
    with target.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _require_inside(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\0" in path:
        raise ValueError(f"a backend names a file outside its folder: {path!r}")
