"""All files of a folder change in one step, while whatever else lies in it (pid, temporary files) stays.

Each name in the folder is a symlink through `.gwc-live`, itself a symlink to the folder with one set of files. Renaming another symlink over
`.gwc-live` is the one step: who reads the folder, at any moment or after a crash, finds one set, whole.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gwc.output.exchange import ExchangeUnsupported, exchange

LIVE = ".gwc-live"
_SET = ".gwc-set-"


def place(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Makes `folder` show exactly these files. The set that was there before stays for `put_back`; older ones are removed.

    Returns the set that was live before. A folder with plain files, as they were unpacked, is changed into this form first.
    """
    before = _live(folder) or _adopt(folder, files)
    staged = write_set(folder, files)
    _point(folder, staged)
    for name in _tops(files):
        _link(folder, name)
    _remove(folder, {staged.name, before.name}, _tops(files))
    return before


def put_back(folder: Path, before: Path) -> None:
    """Undoes `place`: `before` is what it returned."""
    _point(folder, before)
    tops = {entry.name for entry in before.iterdir()}
    for name in tops:
        _link(folder, name)
    _remove(folder, {before.name}, tops)


def write_set(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes a set of files beside the live one. Equal files have one set."""
    digest = hashlib.sha256(b"".join(hashlib.sha256(name.encode() + b"\0" + files[name]).digest() for name in sorted(files)))
    target = folder / f"{_SET}{digest.hexdigest()[:32]}"
    if target.is_dir():
        return target
    staged = target.with_name(f"{target.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    for name, data in files.items():
        path = staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    staged.rename(target)
    return target


def _live(folder: Path) -> Path | None:
    link = folder / LIVE
    return folder / link.readlink() if link.is_symlink() else None


def _adopt(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The plain files of the folder as a set. Only names that the new files have, too, can be told from the gateway's own."""
    found = {}
    for top in _tops(files):
        for path in sorted(p for p in ((folder / top), *(folder / top).rglob("*")) if p.is_file()):
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    live = write_set(folder, found)
    _point(folder, live)
    return live


def _tops(files: Mapping[str, bytes]) -> set[str]:
    return {name.partition("/")[0] for name in files}


def _point(folder: Path, target: Path) -> None:
    link = folder / f"{LIVE}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(folder / LIVE)


def _link(folder: Path, name: str) -> None:
    """Makes `name` lead through the live set. A plain file or folder of this name has the same content and is replaced."""
    path = folder / name
    if path.is_symlink():
        return
    link = folder / f"{_SET}link"
    link.unlink(missing_ok=True)
    link.symlink_to(f"{LIVE}/{name}")
    if not path.is_dir():
        link.replace(path)
        return
    try:
        exchange(link, path)
    except ExchangeUnsupported:
        path.rename(folder / f"{_SET}away")
        link.rename(path)
        link = folder / f"{_SET}away"
    shutil.rmtree(link)


def _remove(folder: Path, sets: set[str], tops: set[str]) -> None:
    """Sets that nobody needs any more, and names that the live one has not."""
    for entry in folder.iterdir():
        if entry.name.startswith(_SET) and entry.name not in sets:
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.is_symlink() and entry.name not in tops and str(entry.readlink()).startswith(f"{LIVE}/"):
            with suppress(FileNotFoundError):
                entry.unlink()
